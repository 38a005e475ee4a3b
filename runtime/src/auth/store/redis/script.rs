//! The scripts that a Redis server runs, each as one step.

use std::sync::LazyLock;

use ::redis::Script;

/// What a script does. `KEYS[1]` is the store, `ARGV[1]` the id of its key; with another key it gives -1.
#[derive(Debug, Clone, Copy)]
pub(super) enum Work {
    Make,
    Upgrade,
    Save,
    Remove,
    Lease,
    Renew,
    Release,
    Insert,
    Replace,
    Take,
    Finish,
    Purge,
    Owe,
    PutOff,
    Settle,
    Rekey,
}

/// What the server tells of its clock, in milliseconds.
macro_rules! timed {
    ($rest:literal) => {
        concat!(
            "local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)\n",
            $rest
        )
    };
}

/// Nothing once the store has another key. A store of sign-ins alone has none.
macro_rules! keyed {
    ($rest:expr) => {
        concat!(
            "if ARGV[1] ~= '' and redis.call('HGET', KEYS[1], 'key_id') ~= ARGV[1] then return -1 end\n",
            $rest
        )
    };
}

impl Work {
    pub(super) fn script(self) -> &'static Script {
        macro_rules! once {
            ($code:expr) => {{
                static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new($code));
                &SCRIPT
            }};
        }
        match self {
            Self::Make => once!(MAKE),
            Self::Upgrade => once!(UPGRADE),
            Self::Save => once!(SAVE),
            Self::Remove => once!(REMOVE),
            Self::Lease => once!(LEASE),
            Self::Renew => once!(RENEW),
            Self::Release => once!(RELEASE),
            Self::Insert => once!(INSERT),
            Self::Replace => once!(REPLACE),
            Self::Take => once!(TAKE),
            Self::Finish => once!(FINISH),
            Self::Purge => once!(PURGE),
            Self::Owe => once!(OWE),
            Self::PutOff => once!(PUT_OFF),
            Self::Settle => once!(SETTLE),
            Self::Rekey => once!(REKEY),
        }
    }
}

/// Given: format, id, check, place, path.
const MAKE: &str = "
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'format', ARGV[2], 'key_id', ARGV[3], 'key_check', ARGV[4], 'key_place', ARGV[5])
if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'key_path', ARGV[6]) end
return 1";

/// Given: the format.
const UPGRADE: &str = keyed!(
    "
if redis.call('HGET', KEYS[1], 'format') == '1' then redis.call('HSET', KEYS[1], 'format', ARGV[2]) end
return 1"
);

/// Keys: the account, the set. Given: expected, next, sealed, lease's owner, its fence, the digest, the six names.
const SAVE: &str = keyed!(
    "
local v = redis.call('HGET', KEYS[2], 'version') or '0'
if v ~= ARGV[2] then return 0 end
if ARGV[5] ~= '' then
  local held = redis.call('HMGET', KEYS[2], 'owner', 'fence')
  if held[1] ~= ARGV[5] or held[2] ~= ARGV[6] then return 0 end
end
redis.call('HSET', KEYS[2], 'version', ARGV[3], 'sealed', ARGV[4], 'profile', ARGV[8], 'provider', ARGV[9],
           'handler', ARGV[10], 'kind', ARGV[11], 'client_id', ARGV[12], 'account_owner', ARGV[13])
redis.call('SADD', KEYS[3], ARGV[7])
return 1"
);

/// Keys: the account, the set. Given: expected, next, the digest.
const REMOVE: &str = keyed!(
    "
local r = redis.call('HMGET', KEYS[2], 'version', 'sealed')
if r[1] ~= ARGV[2] or not r[2] then return 0 end
redis.call('HSET', KEYS[2], 'version', ARGV[3])
redis.call('HDEL', KEYS[2], 'sealed')
redis.call('SREM', KEYS[3], ARGV[4])
return 1"
);

/// Keys: the account. Given: an owner, the time. Gives the fence, 0 where another holds it. Where more is left than was ever
/// asked for, the server's clock went back: its holder gets one more length from now and would renew within it.
const LEASE: &str = keyed!(timed!(
    "
local held = redis.call('HMGET', KEYS[2], 'owner', 'until', 'length', 'fence')
if held[1] == ARGV[2] then return tonumber(held[4]) end
if held[1] and now < tonumber(held[2]) then
  if tonumber(held[2]) - now > tonumber(held[3]) then
    redis.call('HSET', KEYS[2], 'until', string.format('%.0f', now + tonumber(held[3])))
  end
  return 0
end
redis.call('HSET', KEYS[2], 'owner', ARGV[2], 'until', string.format('%.0f', now + tonumber(ARGV[3])), 'length', ARGV[3])
return redis.call('HINCRBY', KEYS[2], 'fence', 1)"
));

/// Keys: the account. Given: the lease's owner, its fence, the time.
const RENEW: &str = keyed!(timed!(
    "
local held = redis.call('HMGET', KEYS[2], 'owner', 'fence')
if held[1] ~= ARGV[2] or held[2] ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[2], 'until', string.format('%.0f', now + tonumber(ARGV[4])), 'length', ARGV[4])
return 1"
));

/// Keys: the account. Given: the lease's owner, its fence.
const RELEASE: &str = "
local held = redis.call('HMGET', KEYS[2], 'owner', 'fence')
if held[1] == ARGV[2] and held[2] == ARGV[3] then redis.call('HDEL', KEYS[2], 'owner', 'until', 'length') end
return 1";

/// Keys: the sign-in, the set. Given: sealed, its end, the id.
const INSERT: &str = keyed!(
    "
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('HSET', KEYS[2], 'sealed', ARGV[2], 'expires_at', ARGV[3])
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[4])
return 1"
);

/// Keys: the sign-in. Given: from, to.
const REPLACE: &str = keyed!(
    "
if redis.call('HGET', KEYS[2], 'sealed') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[2], 'sealed', ARGV[3])
return 1"
);

/// Keys: the sign-in.
const TAKE: &str = keyed!(
    "
local sealed = redis.call('HGET', KEYS[2], 'sealed')
if sealed then redis.call('HDEL', KEYS[2], 'sealed') end
return sealed"
);

/// Keys: the sign-in. Given: the outcome.
const FINISH: &str = keyed!(
    "
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
redis.call('HDEL', KEYS[2], 'sealed')
redis.call('HSETNX', KEYS[2], 'outcome', ARGV[2])
return 1"
);

/// Keys: the set, then sign-ins. Given: the time, then their ids.
const PURGE: &str = "
for i = 3, #ARGV do
  local score = redis.call('ZSCORE', KEYS[2], ARGV[i])
  if score and tonumber(score) <= tonumber(ARGV[2]) then
    redis.call('DEL', KEYS[i])
    redis.call('ZREM', KEYS[2], ARGV[i])
  end
end
return 1";

/// Keys: the revocations. Given: the id, sealed.
const OWE: &str = keyed!("return redis.call('HSETNX', KEYS[2], ARGV[2], ARGV[3])");

/// Keys: the revocations. Given: the id, from, to.
const PUT_OFF: &str = keyed!(
    "
if redis.call('HGET', KEYS[2], ARGV[2]) ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[4])
return 1"
);

/// Keys: the revocations. Given: the id.
const SETTLE: &str = keyed!("redis.call('HDEL', KEYS[2], ARGV[2]) return 1");

/// Keys: the set of accounts, the set of sign-ins, the revocations, then what is sealed anew. Given: id, check, place, path, how
/// many accounts, sign-ins and revocations there were, then for each key the field, the bytes before and after. Gives 0 where
/// something changed meanwhile, -2 where a token is being renewed.
const REKEY: &str = keyed!(timed!(
    "
if redis.call('SCARD', KEYS[2]) ~= tonumber(ARGV[6]) or redis.call('ZCARD', KEYS[3]) ~= tonumber(ARGV[7])
   or redis.call('HLEN', KEYS[4]) ~= tonumber(ARGV[8]) then return 0 end
for i = 5, #KEYS do
  local a = 9 + (i - 5) * 3
  if (redis.call('HGET', KEYS[i], ARGV[a]) or '') ~= ARGV[a + 1] then return 0 end
  local held = redis.call('HMGET', KEYS[i], 'owner', 'until', 'length')
  if held[1] and now < tonumber(held[2]) and tonumber(held[2]) - now <= tonumber(held[3]) then return -2 end
end
for i = 5, #KEYS do
  local a = 9 + (i - 5) * 3
  if ARGV[a + 2] ~= '' then
    redis.call('HSET', KEYS[i], ARGV[a], ARGV[a + 2])
  else
    redis.call('HDEL', KEYS[i], ARGV[a])
  end
end
redis.call('HSET', KEYS[1], 'key_id', ARGV[2], 'key_check', ARGV[3], 'key_place', ARGV[4])
redis.call('HDEL', KEYS[1], 'key_path')
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'key_path', ARGV[5]) end
return 1"
));
