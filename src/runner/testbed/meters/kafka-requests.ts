/** Names of requests in Kafka's protocol, by their API keys: those that clients of ours send. */
const NAMES: Readonly<Record<number, string>> = {
  0: 'Produce',
  1: 'Fetch',
  2: 'ListOffsets',
  3: 'Metadata',
  8: 'OffsetCommit',
  9: 'OffsetFetch',
  10: 'FindCoordinator',
  11: 'JoinGroup',
  12: 'Heartbeat',
  13: 'LeaveGroup',
  14: 'SyncGroup',
  15: 'DescribeGroups',
  16: 'ListGroups',
  17: 'SaslHandshake',
  18: 'ApiVersions',
  19: 'CreateTopics',
  20: 'DeleteTopics',
  22: 'InitProducerId',
  32: 'DescribeConfigs',
  35: 'DescribeLogDirs',
  36: 'SaslAuthenticate',
  42: 'DeleteGroups',
  48: 'DescribeClientQuotas',
  60: 'DescribeCluster',
  68: 'ConsumerGroupHeartbeat',
}
/** Size, API key, its version, correlation id. */
const HEAD_BYTES = 12
const VERSION_MAX = 30

/**
 * The name of the request that a write to a socket is; undefined where it is none of Kafka's. Both clients write a request at
 * once and whole, so that its first four bytes are the length of the rest. No other protocol of ours begins like that: HTTP and
 * Redis begin with letters, and PostgreSQL counts the length's own bytes too.
 */
export function kafkaRequest(written: unknown): string | undefined {
  if (!(written instanceof Uint8Array) || written.length < HEAD_BYTES) return undefined
  const view = new DataView(written.buffer, written.byteOffset, written.byteLength)
  if (view.getInt32(0) !== written.length - 4 || view.getInt16(6) > VERSION_MAX) return undefined
  return NAMES[view.getInt16(4)]
}
