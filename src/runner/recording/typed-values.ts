import { isList, isObject, type JsonObject, memberOf } from './json-shape.ts'

/** What each type of a table's values stands for: DynamoDB writes every value with its type. */
const TYPES: Readonly<Record<string, (given: unknown) => unknown>> = {
  S: (given) => given,
  B: (given) => given,
  N: Number,
  BOOL: (given) => given,
  NULL: () => null,
  M: (given) => (isObject(given) ? untyped(given) : given),
  L: (given) => (isList(given) ? given.map(withoutType) : given),
  SS: (given) => given,
  BS: (given) => given,
  NS: (given) => (isList(given) ? given.map(Number) : given),
}

/**
 * The item of a table, without the types: alone, in an export, or in a stream of changes, which also tells of removed items.
 * undefined: the value is no item.
 */
export function itemOf(value: JsonObject): JsonObject | undefined {
  const image = memberOf(value, 'dynamodb', 'NewImage') ?? memberOf(value, 'dynamodb', 'OldImage')
  const item = value.Item ?? image ?? value
  const members = isObject(item) ? Object.values(item) : []
  return members.length > 0 && members.every(isTyped) ? untyped(item as JsonObject) : undefined
}

function isTyped(value: unknown): boolean {
  const names = isObject(value) ? Object.keys(value) : []
  return names.length === 1 && Object.hasOwn(TYPES, names[0]!)
}

function untyped(item: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, withoutType(value)]))
}

function withoutType(value: unknown): unknown {
  const [type = '', given] = isTyped(value) ? Object.entries(value as JsonObject)[0]! : []
  return TYPES[type] ? TYPES[type](given) : value
}

/** A change of which a stream tells the keys alone. */
export function isChangeWithoutItem({ dynamodb }: JsonObject): boolean {
  return isObject(dynamodb) && Object.hasOwn(dynamodb, 'Keys') && !(dynamodb.NewImage ?? dynamodb.OldImage)
}
