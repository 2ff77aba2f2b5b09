import { script } from '../../src/clients/redis/script.ts'

/*
 * Lua scripts. The server runs each in one piece. Shards count from 1, as in Lua. keptMs: keys end so long after they were made;
 * '' = they stay.
 */

/** Keys that would stay end in so many ms. */
const END = `
local function endIn(ms, ...)
  if ms == '' then return end
  for _, key in ipairs({...}) do if redis.call('PTTL', key) == -1 then redis.call('PEXPIRE', key, ms) end end
end`

/**
 * Stores all the events, or none when they would not fit.
 * KEYS bytes, stream… ARGV bytesMax, bytes, keptMs, (shard, event)… → bytes stored, or -1 when done
 */
export const PUBLISH = script(`${END}
local stored = tonumber(redis.call('GET', KEYS[1]) or '0')
if stored + tonumber(ARGV[2]) > tonumber(ARGV[1]) then return stored end
local written = {}
for i = 4, #ARGV, 2 do
  local stream = KEYS[1 + tonumber(ARGV[i])]
  redis.call('XADD', stream, '*', 'e', ARGV[i + 1])
  written[stream] = true
end
redis.call('INCRBY', KEYS[1], ARGV[2])
endIn(ARGV[3], KEYS[1])
for stream in pairs(written) do endIn(ARGV[3], stream) end
return -1`)

/**
 * Takes free shards up to the fair share of `me`, where allowed, and renews those that it holds, where told to.
 * KEYS consumers, (lease, stream)… ARGV me, leaseMs, keptMs, '1' to renew or '0', ('1' where taking is allowed, '0')…
 * → share, shards held…
 */
export const HOLD = script(`${END}
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local shards = (#KEYS - 1) / 2
local renew = ARGV[4] == '1'
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if renew or not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
  if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
end
local share = math.ceil(shards / redis.call('ZCARD', KEYS[1]))
local leases, held, free = {}, {}, {}
for i = 1, shards do leases[i] = KEYS[2 * i] end
for i, holder in ipairs(redis.call('MGET', unpack(leases))) do
  if holder == ARGV[1] then
    if renew then redis.call('PEXPIRE', leases[i], ARGV[2]) end
    held[#held + 1] = i
  elseif not holder and ARGV[4 + i] == '1' then free[#free + 1] = i end
end
for _, i in ipairs(free) do
  if #held >= share then break end
  local made = redis.pcall('XGROUP', 'CREATE', KEYS[2 * i + 1], 'floodmark', '0', 'MKSTREAM')
  if made.err and not string.find(made.err, 'BUSYGROUP') then return made end
  redis.call('SET', KEYS[2 * i], ARGV[1], 'PX', ARGV[2])
  endIn(ARGV[3], KEYS[2 * i + 1])
  held[#held + 1] = i
end
return {share, unpack(held)}`)

/**
 * Reads the next events of shards that `me` holds. After a take-over, events that were delivered and never acked come
 * first, by XAUTOCLAIM from its cursor to the end. The lease tells the owner, so XAUTOCLAIM's idle time is 0.
 * KEYS (lease, stream)… ARGV me, countMax, bytesMax, cursor… ('' = only new ones, '-' = the same, and tell behind which id they are)
 * → for each shard {cursor, id to wait behind or '' = as it was, '1' when more may be there, (id, event)…}, or {} when it is held no longer
 */
export const READ = script(`
local count, bytes, out = tonumber(ARGV[2]), tonumber(ARGV[3]), {}
for i = 1, #KEYS / 2 do
  local stream, cursor, last, shard = KEYS[2 * i], ARGV[3 + i], '', {}
  local isKnown = cursor == ''
  if cursor == '-' then cursor = '' end
  if redis.call('GET', KEYS[2 * i - 1]) == ARGV[1] then
    shard = {'', '', ''}
    local more = true
    while more and count > 0 and bytes > 0 do
      local step, entries = math.min(count, 16), nil
      if cursor == '' then
        local got = redis.call('XREADGROUP', 'GROUP', 'floodmark', 'holder', 'COUNT', step, 'STREAMS', stream, '>')
        entries = got and got[1][2] or {}
        more = #entries == step
      else
        local got = redis.call('XAUTOCLAIM', stream, 'floodmark', 'holder', 0, cursor, 'COUNT', step)
        cursor, entries = got[1], got[2]
        if cursor == '0-0' then cursor = '' end
      end
      for _, entry in ipairs(entries) do
        -- Before version 7 an entry that somebody deleted by hand while it was in flight comes as nothing.
        if entry then
          shard[#shard + 1] = entry[1]
          shard[#shard + 1] = entry[2][2]
          count, bytes, last = count - 1, bytes - #entry[2][2], entry[1]
        end
      end
    end
    if last == '' and cursor == '' and not isKnown then
      for _, group in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
        local fields = {}
        for f = 1, #group, 2 do fields[group[f]] = group[f + 1] end
        if fields.name == 'floodmark' then last = fields['last-delivered-id'] end
      end
    end
    shard[1], shard[2], shard[3] = cursor, last, more and '1' or ''
  end
  out[i] = shard
end
return out`)

/**
 * Settles for good, if `me` still holds the shard.
 * KEYS bytes, (lease, stream)… ARGV me, (count, bytes, id…)… → 1 or 0 (lost) for each shard
 */
export const ACK = script(`
local at, out = 2, {}
for i = 1, (#KEYS - 1) / 2 do
  local count, bytes, ids = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), {}
  for j = 1, count do ids[j] = ARGV[at + 1 + j] end
  at, out[i] = at + 2 + count, 0
  if redis.call('GET', KEYS[2 * i]) == ARGV[1] then
    -- Should one of these not be allowed, those behind it are not done: an event that is still there comes again.
    local gone = redis.call('XDEL', KEYS[2 * i + 1], unpack(ids))
    if gone > 0 then redis.call('DECRBY', KEYS[1], math.floor(bytes * gone / count)) end
    redis.call('XACK', KEYS[2 * i + 1], 'floodmark', unpack(ids))
    out[i] = 1
  end
end
return out`)

/** KEYS consumers or '', lease… ARGV me: gives the leases back, and leaves the consumers where a key is given. */
export const RELEASE = script(`
if KEYS[1] ~= '' then redis.call('ZREM', KEYS[1], ARGV[1]) end
for i = 2, #KEYS do if redis.call('GET', KEYS[i]) == ARGV[1] then redis.call('DEL', KEYS[i]) end end
return 1`)

/** KEYS (lease, stream)… → waiting, in flight, age of the oldest unsettled event in ms or -1. Unheld events are waiting. */
export const DEPTH = script(`
local t = redis.call('TIME')
local waiting, flight, oldest = 0, 0, -1
for i = 1, #KEYS, 2 do
  local length = redis.call('XLEN', KEYS[i + 1])
  if length > 0 then
    local first = redis.call('XRANGE', KEYS[i + 1], '-', '+', 'COUNT', 1)[1][1]
    local age = t[1] * 1000 + math.floor(t[2] / 1000) - tonumber(string.match(first, '%d+'))
    oldest = math.max(oldest, age, 0)
    local pending = 0
    if redis.call('EXISTS', KEYS[i]) == 1 then pending = redis.call('XPENDING', KEYS[i + 1], 'floodmark')[1] end
    -- What somebody deleted by hand may still be pending.
    pending = math.min(pending, length)
    waiting, flight = waiting + length - pending, flight + pending
  end
end
return {waiting, flight, oldest}`)
