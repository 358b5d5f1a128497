"""Decodes Telegram's updates from plain JSON, without a library.

A library rejects an update if one member of a union is newer than itself; here only what is needed
is read, and everything else may be of any version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final, Literal

from bot.platforms.contract import Received
from bot.platforms.telegram.failures import loads
from bot.talk.message import Attachment, Incoming
from prompts import LANGUAGES

WANTED: Final = ("message", "edited_message", "callback_query", "my_chat_member")
"""The kinds of update that we ask Telegram for."""

Json = Mapping[str, Any]


# ---------------------------------------------------------------- updates as they come


def received(raw: str) -> Received:
    """An update in its stored form, made without decoding it, whatever it contains."""
    update = loads(raw)
    known = update_id(update)
    key = str(known) if known >= 0 else f"sha256:{sha256(raw.encode()).hexdigest()}"
    if (spared := _of_group(update)) is not None:
        return Received(key, _address(update), json.dumps(spared))
    return Received(key, _address(update), raw, _album(update))


PARTS: Final = ("message", "edited_message", "callback_query", "my_chat_member")


def _of_group(update: Any) -> dict[str, Any] | None:
    """What is kept of an update from a group: that there was a command or a press, and what
    became of us there. Nothing that a member said, sent or is called. `None` for a private chat.
    """
    kind = next((part for part in PARTS if isinstance(update, dict) and part in update), "")
    body = update.get(kind) if kind else None
    if not isinstance(body, dict):
        return None
    around = body.get("message") if kind == "callback_query" else body
    chat = around.get("chat") if isinstance(around, dict) else None
    if not isinstance(chat, dict) or chat.get("type", "private") == "private":
        return None
    where = {name: chat[name] for name in ("id", "type") if name in chat}
    sender = body.get("from")
    bot = isinstance(sender, dict) and bool(sender.get("is_bot"))
    kept: dict[str, Any] = {"chat": where, **({"from": {"is_bot": True}} if bot else {})}
    match kind:
        case "callback_query":
            kept = {"from": {}, "message": {"chat": where, "message_id": 0}}
            kept |= {"id": body["id"]} if "id" in body else {}
            kept |= {"data": ""} if body.get("data") is not None else {}
        case "my_chat_member":
            kept["from"] = {}
            for name in ("old_chat_member", "new_chat_member"):
                member = body.get(name)
                if isinstance(member, dict):
                    known = ("status", "is_member")
                    kept[name] = {one: member[one] for one in known if one in member}
        case "message":
            said = body.get("text") or body.get("caption")
            if isinstance(said, str) and (command := re.match(r"/\w+(@\w+)?(?!\S)", said)):
                kept["text"] = command[0]
    return {name: update[name] for name in ("update_id",) if name in update} | {kind: kept}


def update_id(update: Any) -> int:
    """Its id; -1 if it has none."""
    match update:
        case {"update_id": int(known)}:
            return known
    return -1


def tap_id(update: Any) -> str:
    """The id of a pressed button, by which its spinner is stopped; empty where there is none."""
    match update:
        case {"callback_query": {"id": str(tap)}}:
            return tap
    return ""


def _address(update: Any) -> str:
    """The chat; for a press outside any chat of ours, the person; empty if unknown."""
    match update:
        case (
            {"message": {"chat": {"id": int(chat)}}}
            | {"edited_message": {"chat": {"id": int(chat)}}}
            | {"callback_query": {"message": {"chat": {"id": int(chat)}}}}
            | {"my_chat_member": {"chat": {"id": int(chat)}}}
            | {"callback_query": {"from": {"id": int(chat)}}}
        ):
            return str(chat)
    return ""


def _album(update: Any) -> str:
    match update:
        case {"message": {"media_group_id": str(album)}}:
            return album
    return ""


# ---------------------------------------------------------------- from Telegram's JSON to ours


def decode(raw: str, username: str | None) -> Incoming | None:
    """What a stored update says, `None` if nothing for us.

    `username` is the bot's own, in lower case, if it is known yet. Raises on an update that lacks
    what every one of its kind has.
    """
    update = json.loads(raw)
    if (tap := update.get("callback_query")) is not None:
        return _tap(tap)
    if (change := update.get("my_chat_member")) is not None:
        return _membership(change)
    if (edited := update.get("edited_message")) is not None:
        return _edited(edited)
    if (message := update.get("message")) is not None:
        return _message(message, username)
    return None


def _message(message: Json, username: str | None) -> Incoming | None:
    user = message.get("from")
    frame = _frame(message["chat"], user)
    if user is not None and user.get("is_bot"):
        return None
    text = message.get("text") or message.get("caption")
    if text and (command := re.match(r"(/\w+)@(\w+)(?!\S)", text)):
        if frame.group and username not in (None, command[2].lower()):
            return None
        text = command[1] + text[command.end() :]
    if code := re.fullmatch(r"/start ([\w-]{1,64})\s*", text or "", re.ASCII):
        return replace(frame, start=code[1])
    files, other = _files(message), _unreadable(message, group=frame.group)
    if text is None and not files and other is None:
        return None
    return replace(frame, text=text, files=files, other=other)


def _frame(where: Json, user: Json | None) -> Incoming:
    """The chat, the person and the language of an update; not its content.

    `where` is a chat or a person: a person's private chat has the person's id.
    """
    group = where.get("type", "private") != "private"
    tongue = ((user or {}).get("language_code") or "").partition("-")[0].lower()
    return Incoming(
        address=str(int(where["id"])),
        group=group,
        # A group's members are not known to us, by name neither.
        name=_full_name(user) if user and not group else "",
        language=next((one for one in LANGUAGES if one == tongue), None),
    )


def _full_name(user: Json) -> str:
    return " ".join(filter(None, (user.get("first_name"), user.get("last_name"))))


def _tap(tap: Json) -> Incoming | None:
    """A pressed button; its message may be too old to be shown to us, or in another chat."""
    user = tap["from"]
    if tap.get("data") is None:
        return None
    message = tap.get("message")
    frame = _frame(message["chat"] if message else user, user)
    return replace(frame, press=tap["data"], on=str(message["message_id"]) if message else "")


def _edited(message: Json) -> Incoming | None:
    """A message was edited. The first version stands: the new words are ignored."""
    if message.get("location") or message.get("poll"):
        return None  # a live location moves by edits, every few seconds; so do votes
    frame = _frame(message["chat"], message.get("from"))
    return replace(frame, other="edited", sent=int(message["date"]))


def _membership(change: Json) -> Incoming | None:
    """We were blocked or removed, or let in again."""
    was, now = _is_in(change["old_chat_member"]), _is_in(change["new_chat_member"])
    if was == now:
        return None
    presence: Literal["left", "returned"] = "returned" if now else "left"
    return replace(_frame(change["chat"], change["from"]), presence=presence)


OUT: Final = ("left", "kicked")
"""Statuses that mean we are no longer in a chat; any other, even a new one, means we are."""


def _is_in(member: Json) -> bool:
    status = member["status"]
    return bool(member["is_member"]) if status == "restricted" else status not in OUT


def _files(message: Json) -> tuple[Attachment, ...]:
    """The photo or document in a message; a photo in its largest size."""
    if photo := message.get("photo"):
        largest = max(photo, key=lambda size: size["width"] * size["height"])
        name = f"{largest['file_unique_id']}.jpg"
        return (Attachment(largest["file_id"], name, "image/jpeg", largest.get("file_size")),)
    # An animation carries a document too, for clients that do not know animations.
    if (file := message.get("document")) and not message.get("animation"):
        return (
            Attachment(
                file["file_id"],
                file.get("file_name") or file["file_unique_id"],
                file.get("mime_type") or "application/octet-stream",
                file.get("file_size"),
            ),
        )
    return ()


UNREADABLE: Final = {
    "sticker": "sticker",
    "voice": "voice",
    "audio": "audio",
    "video": "video",
    "video_note": "video_note",
    "animation": "animation",
    # A place with a name, which carries a location too.
    "venue": "venue",
    "location": "location",
    "contact": "contact",
    "poll": "poll",
    "dice": "dice",
    "game": "game",
    "story": "story",
    "checklist": "checklist",
    "live_photo": "live_photo",
    "paid_media": "paid_media",
    "invoice": "invoice",
    "giveaway": "giveaway",
    "rich_message": "unknown",
}
"""What a person can send that we cannot read, and our word for it. Whatever else a message without
words carries is the chat's own affair: somebody joined, something was pinned."""

AROUND: Final = frozenset(
    [
        "message_id",
        "message_thread_id",
        "direct_messages_topic",
        "from",
        "sender_chat",
        "sender_boost_count",
        "sender_business_bot",
        "sender_tag",
        "date",
        "guest_query_id",
        "business_connection_id",
        "chat",
        "forward_origin",
        "is_topic_message",
        "is_automatic_forward",
        "reply_to_message",
        "external_reply",
        "quote",
        "reply_to_story",
        "reply_to_checklist_task_id",
        "reply_to_poll_option_id",
        "via_bot",
        "guest_bot_caller_user",
        "guest_bot_caller_chat",
        "edit_date",
        "has_protected_content",
        "is_from_offline",
        "is_paid_post",
        "media_group_id",
        "author_signature",
        "paid_star_count",
        "entities",
        "link_preview_options",
        "suggested_post_info",
        "effect_id",
        "caption_entities",
        "show_caption_above_media",
        "has_media_spoiler",
        "reply_markup",
    ]
)
"""What stands around the content of a message."""

AFFAIRS: Final = frozenset(
    [
        "new_chat_members",
        "left_chat_member",
        "chat_owner_left",
        "chat_owner_changed",
        "new_chat_title",
        "new_chat_photo",
        "delete_chat_photo",
        "group_chat_created",
        "supergroup_chat_created",
        "channel_chat_created",
        "message_auto_delete_timer_changed",
        "migrate_to_chat_id",
        "migrate_from_chat_id",
        "pinned_message",
        "successful_payment",
        "refunded_payment",
        "users_shared",
        "chat_shared",
        "gift",
        "unique_gift",
        "gift_upgrade_sent",
        "connected_website",
        "write_access_allowed",
        "passport_data",
        "proximity_alert_triggered",
        "boost_added",
        "chat_background_set",
        "checklist_tasks_done",
        "checklist_tasks_added",
        "direct_message_price_changed",
        "forum_topic_created",
        "forum_topic_edited",
        "forum_topic_closed",
        "forum_topic_reopened",
        "general_forum_topic_hidden",
        "general_forum_topic_unhidden",
        "giveaway_created",
        "giveaway_winners",
        "giveaway_completed",
        "managed_bot_created",
        "paid_message_price_changed",
        "poll_option_added",
        "poll_option_deleted",
        "suggested_post_approved",
        "suggested_post_approval_failed",
        "suggested_post_declined",
        "suggested_post_paid",
        "suggested_post_refunded",
        "video_chat_scheduled",
        "video_chat_started",
        "video_chat_ended",
        "video_chat_participants_invited",
        "web_app_data",
    ]
)
"""What happens to a chat by itself. Bot API 10.1 knows these and those in `AROUND`."""

READABLE: Final = frozenset(("text", "caption", "photo", "document"))


def _unreadable(message: Json, *, group: bool) -> str | None:
    for field, kind in UNREADABLE.items():
        if message.get(field):
            return kind
    # A field nobody knew when this was written may be a new kind of message; in a group it is not
    # for us.
    newer = message.keys() - AROUND - AFFAIRS - READABLE - UNREADABLE.keys()
    readable = any(message.get(field) for field in ("text", "photo", "document"))
    return "unknown" if newer and not readable and not group else None
