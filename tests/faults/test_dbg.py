import time
from tests.faults.small import *
from datetime import timedelta
async def test_x(small):
    crowd = small.accounts(*(f"p{n}" for n in range(2000)))
    await small.posts(*(message(p, "notice", Lane.NOTICE, f"n:{p}") for p in crowd))
    with small.database.transaction() as db:
        for q in range(3):
            t=time.time(); r=chats.due_messages(db, small.clock.now(), 100, ["fake"], [1,2,3]); t1=time.time()
            chats.next_due(db, small.clock.now(), ["fake"],[1,2,3]); t2=time.time()
            chats.mark(db,[chats.Fate(m.id, SendState.SENDING,1,small.clock.now()) for m in r[:4]]); 
            print("DUE", t1-t, "NEXT", t2-t1, len(r))
    assert 0
