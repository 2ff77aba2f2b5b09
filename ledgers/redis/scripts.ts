import { script } from '../../src/clients/redis/script.ts'
import { STEP_MS_MAX } from '../../src/core/base/marks.ts'

/*
 * Keys. All have the prefix floodmark:{namespace}:ledger:, so a cluster keeps them in one slot:
 *   fence     the last fence given out. Never below the server's time in µs, so that a server which lost its data
 *             gives out no fence a second time.
 *   id:<id>   'kind fence endsMs failures:sinceMs:lost token digest handled:atMs'; kind c = claimed, f = failed before, m = applied, d = buried.
 *             sinceMs is when it first failed, and lost counts its lost tries. Without lost tries ':lost' is absent; without
 *             failures too, ':sinceMs:lost' is. Earlier versions wrote neither.
 *             A settled event's digest tells copies from other bodies (base/copy-digest.ts); absent: nothing is compared.
 *             Of a mark with what its effect made of it: base/marks.ts's handledNumber and the time; absent: nothing is kept.
 *             The token names the call that wrote it. A call sent again after a lost reply finds its own token, writes
 *             nothing and gets the first answer again.
 *   values    hash name → value; `names` has the same names sorted. list:<name> holds items; `lists` has their names.
 *   copies    list of copies that differed, each as a dead letter, the latest last.
 *   dead      hash id → dead letter; `deaths` has the ids by position; `position` is the last one.
 * Keys of ids also expire by themselves, GRACE_MS after endsMs by the server's clock. That frees memory. Where the ledger was
 * opened with keptMs, every key does, so long after it was made.
 */

/** A key is kept for so many ms longer than it is needed: for a server's clock that is set forward, and for a copy that waits. */
const GRACE_MS = 3_600_000

const COMMON = `
local prefix = KEYS[1]
local time = redis.call('TIME')
local micros = tonumber(time[1]) * 1000000 + tonumber(time[2])
local now = ARGV[1] == '' and math.floor(micros / 1000) or tonumber(ARGV[1])
local ttl, kept = string.match(ARGV[2], '^([^:]+):?(.*)$')
ttl, kept = tonumber(ttl), tonumber(kept)
local steady = tonumber(ARGV[4])
local latest, believed = math.max(now, steady), math.min(now, steady + ${STEP_MS_MAX})
local reply = {}
local function answer(...)
  for _, number in ipairs({...}) do reply[#reply + 1] = number end
end
local function whole(number) return string.format('%.0f', number) end
local function look(key)
  local state = redis.call('GET', key) or ''
  local kind, fence, ends, failures, since, lost, token = string.match(state, '^(%a) (%d+) (%d+) (%d+):?(%d*):?(%d*) (.*)$')
  local digest, handled = '', ''
  if kind == 'm' or kind == 'd' then token, digest, handled = string.match(token, '^(%S*) ?(%d*) ?(.*)$') end
  lost = tonumber(lost or '') or 0
  return kind, fence, tonumber(ends or '0'), tonumber(failures or '0'), token, tonumber(since or ''), lost, digest, handled
end
local function endIn(ms, ...)
  if not ms then return end
  for _, key in ipairs({...}) do if redis.call('PTTL', key) == -1 then redis.call('PEXPIRE', key, whole(ms)) end end
end
local function lifeOf(life) return tonumber(life or '') or ttl end
local function keep(key, kind, fence, ends, failures, since, lost, token, forMs, digest, handled)
  local failed = whole(failures) .. (since and ':' .. whole(since) or lost > 0 and ':' or '')
  if lost > 0 then failed = failed .. ':' .. whole(lost) end
  local state = kind .. ' ' .. fence .. ' ' .. whole(ends) .. ' ' .. failed .. ' ' .. token
  if handled and handled ~= '' then state = state .. ' ' .. digest .. ' ' .. handled
  elseif digest and digest ~= '' then state = state .. ' ' .. digest end
  local lasts = forMs and forMs + ${GRACE_MS}
  if kept then lasts = math.min(lasts or kept, kept) end
  if lasts then redis.call('SET', key, state, 'PX', whole(lasts)) else redis.call('SET', key, state) end
end
local function mark(key, fence, failures, since, token, life, digest, handled)
  keep(key, 'm', fence, latest + life, failures, since, 0, token, latest - now + life, digest, handled)
end
`

/**
 * ARGV: now in ms or '' for the server's, ttlMs (and ':' and keptMs), token, steady time, leaseMs, lost tries that make suspect
 * ('inf': none do), then per event: id, receivedAtMs (and ':' and the life of its mark where that is not ttlMs). A server's clock that was set back
 * shortens no mark, and one that was set forward ends none.
 * Reply: of each id its fence (0: settled before, -1: held by another, -2: suspect, -3 - digest: settled before with that). Then four numbers of each that has failed
 * or has lost tries: its place among the ids, from 0, its failures, the ms since the first, and its lost tries. A claim that is
 * found to have run out is one.
 */
const CLAIM = `${COMMON}
local lease = tonumber(ARGV[5])
local suspectAt = ARGV[6] == 'inf' and math.huge or tonumber(ARGV[6])
local last = math.max(tonumber(redis.call('GET', prefix .. 'fence') or '0'), micros)
local history = {}
local function settled(digest) answer(digest == '' and 0 or -3 - tonumber(digest)) end
for at = 7, #ARGV, 2 do
  local key = prefix .. 'id:' .. ARGV[at]
  local mine = ARGV[3] .. '.' .. at
  local kind, fence, ends, failures, token, since, lost, digest, handled = look(key)
  if kind == 'm' then failures, since, lost = 0, nil, 0 end
  if kind == 'c' and token ~= mine and ends <= now then kind, lost = 'x', lost + 1 end
  if kind == 'd' then settled(digest)
  elseif kind == 'm' and ends > math.min(believed, tonumber(string.match(ARGV[at + 1], '^-?%d+'))) then
    local life = lifeOf(string.match(ARGV[at + 1], ':(%d+)$'))
    if ends - now < life / 2 then mark(key, fence, failures, nil, token, life, digest, handled) end
    settled(digest)
  elseif kind == 'c' and token ~= mine then answer(-1)
  elseif kind ~= 'c' and lost >= suspectAt then
    if kind == 'x' then keep(key, 'f', fence, 0, failures, since, lost, mine, ttl) end
    answer(-2)
  else
    if kind ~= 'c' then
      last = last + 1
      fence = whole(last)
      keep(key, 'c', fence, now + lease, failures, since, lost, mine, math.max(ttl, lease))
    end
    answer(tonumber(fence))
    if failures + lost > 0 then
      local failing = since and math.max(0, now - since) or 0
      for _, number in ipairs({(at - 7) / 2, failures, failing, lost}) do history[#history + 1] = number end
    end
  end
end
for _, number in ipairs(history) do answer(number) end
redis.call('SET', prefix .. 'fence', whole(last))
endIn(kept, prefix .. 'fence')
return reply
`

/**
 * ARGV: now in ms or '', ttlMs, token, steady time, then per settlement: id, ordering key, fence, a|f|b|r, dead letter without
 * its head, number of writes, and three for each: p|i|a, name, value. Behind a and b stands 'digest:life:handled': an empty digest means
 * none, an empty life ttlMs, an empty last one that nothing more is kept. Reply: two numbers a settlement: 1 when held, and its failures.
 * When an event's claim is lost, its key's later events count as lost too and are given back: they must not overtake it.
 * Nothing in the script can fail once it has begun to write: Redis does not undo half a script.
 */
const SETTLE = `${COMMON}
local function write(op, name, value)
  if op == 'a' then
    if redis.call('RPUSH', prefix .. 'list:' .. name, value) == 1 then
      redis.call('ZADD', prefix .. 'lists', 0, name)
      endIn(kept, prefix .. 'list:' .. name)
    end
    return
  end
  if op == 'i' then
    local before = redis.call('HGET', prefix .. 'values', name)
    value = whole((before and tonumber(before) or 0) + tonumber(value))
  end
  if redis.call('HSET', prefix .. 'values', name, value) == 1 then redis.call('ZADD', prefix .. 'names', 0, name) end
end
local at, lost = 5, {}
while at <= #ARGV do
  local id, lane, given, result, letter = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local digest, life, handled = string.match(result, '^%a(%d*):(%d*):(%d*)$')
  local writes = tonumber(ARGV[at + 5])
  result = string.sub(result, 1, 1)
  local key = prefix .. 'id:' .. id
  local mine = ARGV[3] .. '.' .. at
  local kind, fence, ends, failures, token, since, tries = look(key)
  at = at + 6
  if kind ~= 'c' or fence ~= given then
    if token ~= mine then lost[lane] = true end
    answer(lost[lane] and 0 or 1, failures)
  elseif lost[lane] then
    keep(key, 'f', fence, 0, failures, since, tries, mine, failures + tries > 0 and ttl or 0)
    answer(0, failures)
  elseif result == 'a' then
    for one = at, at + writes * 3 - 1, 3 do write(ARGV[one], ARGV[one + 1], ARGV[one + 2]) end
    if handled ~= '' then handled = handled .. ':' .. whole(now) end
    mark(key, fence, failures, since, mine, lifeOf(life), digest, handled)
    answer(1, failures)
  elseif result == 'r' then
    keep(key, 'f', fence, 0, failures, since, tries, mine, failures + tries > 0 and ttl or 0)
    answer(1, failures)
  else
    failures = failures + 1
    if result == 'f' then keep(key, 'f', fence, 0, failures, since or now, 0, mine, ttl)
    else
      keep(key, 'd', fence, 0, failures, since, 0, mine, nil, digest)
      redis.call('HSET', prefix .. 'dead', id, struct.pack('<dI4', now, failures) .. letter)
      redis.call('ZADD', prefix .. 'deaths', redis.call('INCR', prefix .. 'position'), id)
    end
    answer(1, failures)
  end
  at = at + writes * 3
end
for _, name in ipairs({'values', 'names', 'lists', 'dead', 'deaths', 'position'}) do endIn(kept, prefix .. name) end
return reply
`

/** ARGV: id. Forgets the id where it was buried. */
const EXHUME = `
if redis.call('HDEL', KEYS[1] .. 'dead', ARGV[1]) == 1 then
  redis.call('ZREM', KEYS[1] .. 'deaths', ARGV[1])
  redis.call('DEL', KEYS[1] .. 'id:' .. ARGV[1])
end
return {}
`

/** ARGV: now in ms or '', ttlMs, token, steady time, id, life of its mark or ''. Where the id was buried, deletes its letter and keeps its mark as applied. */
const FORGET = `${COMMON}
local id = ARGV[5]
if redis.call('HDEL', prefix .. 'dead', id) == 1 then
  redis.call('ZREM', prefix .. 'deaths', id)
  local key = prefix .. 'id:' .. id
  local kind, fence, ends, failures, token, since, lost, digest = look(key)
  mark(key, fence or '0', failures, nil, ARGV[3], lifeOf(ARGV[6]), digest)
end
return reply
`

/** ARGV: now in ms or '', ttlMs, token, steady time, letter, how many are kept. */
const KEEP_COPY = `${COMMON}
redis.call('RPUSH', prefix .. 'copies', ARGV[5])
redis.call('LTRIM', prefix .. 'copies', -tonumber(ARGV[6]), -1)
endIn(kept, prefix .. 'copies')
return reply
`

export const scripts = {
  claim: script(CLAIM),
  settle: script(SETTLE),
  exhume: script(EXHUME),
  forget: script(FORGET),
  keepCopy: script(KEEP_COPY),
}
