// Starts telegram-test-api 4.2.1 on a port of the loopback, with what it lacks of the Bot API made up for:
//   getMe            says is_bot, which every user has
//   editMessageText  answers the message instead of null
//   getUpdates       waits for news and forgets what the next offset confirms, instead of forgetting at once
//   the webhook      is shown the secret that setWebhook was given, and gets what had waited for it
// Usage: node server.js PORT, where node finds telegram-test-api.
'use strict';

const axios = require('axios').default;
const { handle } = require('telegram-test-api/lib/routes/bot/utils');

const routes = (name) => require(`telegram-test-api/lib/routes/bot/${name}`);
const answered = (response, result) => response.sendResult({ ok: true, result });
const asked = (request, name) => request.body[name] ?? request.query[name];
const pause = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });

routes('getMe').getMe = (app) => handle(app, '/bot:token/getMe', (_request, response) => {
  answered(response, { id: 666, is_bot: true, first_name: 'Test', username: 'TestNameBot' });
});

routes('editMessageText').editMessageText = (app, server) => {
  handle(app, '/bot:token/editMessageText', (request, response) => {
    server.editMessageText(request.body);
    answered(response, {
      message_id: Number(request.body.message_id),
      date: Math.floor(Date.now() / 1000),
      chat: { id: Number(request.body.chat_id), type: 'private' },
      text: request.body.text,
    });
  });
};

routes('getUpdates').getUpdates = (app, server) => {
  handle(app, '/bot:token/getUpdates', async (request, response) => {
    const { token } = request.params;
    const offset = Number(asked(request, 'offset') ?? 0);
    const until = Date.now() + 1000 * Number(asked(request, 'timeout') ?? 0);
    const mine = (update) => update.botToken === token;
    server.storage.userMessages = server.storage.userMessages
      .filter((update) => !mine(update) || update.updateId >= offset);
    while (!server.storage.userMessages.some(mine) && Date.now() < until && !request.socket.destroyed) {
      await pause(20);
    }
    const waiting = server.storage.userMessages.filter(mine).slice(0, 100);
    answered(response, waiting.map((update) => server.constructor.formatUpdate(update)));
  });
};

const TelegramServer = require('telegram-test-api');

const store = TelegramServer.prototype.addUserUpdate;
TelegramServer.prototype.addUserUpdate = async function push(update) {
  const webhook = this.webhooks[update.botToken];
  if (!webhook) {
    await store.call(this, update);
    return;
  }
  const headers = { 'X-Telegram-Bot-Api-Secret-Token': webhook.secret_token };
  await axios.post(webhook.url, TelegramServer.formatUpdate(update), { headers });
  this.updateId += 1;
};

const remember = TelegramServer.prototype.setWebhook;
TelegramServer.prototype.setWebhook = function set(webhook, token) {
  remember.call(this, webhook, token);
  const waiting = this.storage.userMessages.filter((update) => update.botToken === token);
  this.storage.userMessages = this.storage.userMessages.filter((update) => !waiting.includes(update));
  waiting.reduce((before, update) => before.then(() => this.addUserUpdate(update)), Promise.resolve());
};

const server = new TelegramServer({ port: Number(process.argv[2]), host: '127.0.0.1', storeTimeout: 600 });
server.start().then(() => console.log('up'));
