import { describe, expect, it } from 'vitest'
import { decodedPart, shownPlace, shownUrl, shownWords } from '../../../src/core/base/kit/address.ts'

/** Each as it is written, as it may be shown, and where the server is. */
const WITH_PASSWORD: readonly (readonly [string, string, string])[] = [
  ['redis://me:hunter2@h:6379/0', 'redis://me@h:6379/0', 'redis://h:6379/0'],
  ['redis://:hunter2@h', 'redis://@h', 'redis://h'],
  ['redis://me:1234@h', 'redis://me@h', 'redis://h'],
  ['postgres://app@shopdb:hunter2@host/db', 'postgres://app@shopdb@host/db', 'postgres://host/db'],
  ['https://me@corp.com:hunter2@host/effects', 'https://me@corp.com@host/effects', 'https://host/effects'],
  ['redis://me:p@hunter2@h:6379/0', 'redis://me@h:6379/0', 'redis://h:6379/0'],
  ['redis://me:a/hunter2@h', 'redis://me@h', 'redis://h'],
  ['redis://me:/hunter2@h', 'redis://me@h', 'redis://h'],
  ['redis://me://hunter2@h', 'redis://me@h', 'redis://h'],
  ['redis://me:?hunter2@h', 'redis://me@h', 'redis://h'],
  ['redis://me:a?hunter2=b@h', 'redis://me@h', 'redis://h'],
  ['redis://me:#hunter2@h', 'redis://me@h', 'redis://h'],
  ['redis://me:12/hunter2@h', 'redis://me@h', 'redis://h'],
  ['https://me:12/hunter2@h/effects', 'https://me@h/effects', 'https://h/effects'],
  ['redis://me:12?hunter2@h', 'redis://me@h', 'redis://h'],
  ['redis://me:12#hunter2@h', 'redis://me@h', 'redis://h'],
  ['redis://me:1/@hunter2@h', 'redis://me@h', 'redis://h'],
  ['redis://me:100%hunter2@h', 'redis://me@h', 'redis://h'],
  ['redis://me:%40hunter2@h', 'redis://me@h', 'redis://h'],
  ['redis://me:a,hunter2@h', 'redis://me@h', 'redis://h'],
  ['redis://me:a=hunter2@h', 'redis://me@h', 'redis://h'],
  [`redis://me:a"hunter2'b@h`, 'redis://me@h', 'redis://h'],
  ['redis://me:hunter2@h/?password=hunter2&db=1', 'redis://me@h/?password=***&db=1', 'redis://h/'],
  ['me:hunter2@h:6379', 'me@h:6379', 'h:6379'],
  ['me@corp.com:hunter2@h', 'me@corp.com@h', 'h'],
  ['//me:hunter2@h', '//me@h', '//h'],
  ['redis:/me:hunter2@h', 'redis@h', 'h'],
  ['kafka+ssl://me:hunter2@a:1,b:2/orders?ca=x', 'kafka+ssl://me@a:1,b:2/orders?ca=x', 'kafka+ssl://a:1,b:2/orders'],
  ['http://me:hunter2@127.0.0.1:9324/0/x.fifo', 'http://me@127.0.0.1:9324/0/x.fifo', 'http://127.0.0.1:9324/0/x.fifo'],
  ['redis://me:hunter2@[::1]:6379', 'redis://me@[::1]:6379', 'redis://[::1]:6379'],
]
/** Of the web no value is known to be none. Of a broker its options are to be read. */
const WITH_QUERY: readonly (readonly [string, string])[] = [
  ['https://h/hooks?code=hunter2', 'https://h/hooks?code=***'],
  ['https://h/hooks?sv=1&sig=a%2Bhunter2%3D&from={provider}', 'https://h/hooks?sv=***&sig=***&from={provider}'],
  ['https://h:8443/hooks?notify=me@corp.com&by=a:hunter2@c', 'https://h:8443/hooks?notify=***&by=***'],
  ['HTTPS://h/hooks?hunter2', 'HTTPS://h/hooks?***'],
  ['https://me:hunter2@h/effects?x=a?hunter2=b=hunter2', 'https://me@h/effects?x=***'],
  ...[
    'password',
    'pass',
    'pw',
    'pwd',
    'api-key',
    'apikey',
    'sig',
    'signature',
    'auth',
    'credential',
    'credentials',
  ].map((name) => [`amqp://h?${name}=hunter2&heartbeat=3`, `amqp://h?${name}=***&heartbeat=3`] as const),
  ...['sas', 'jwt', 'bearer', 'SharedAccessKey', 'code', 'authorization'].map(
    (name) => [`own://h/a?x=1;${name}=hunter2`, `own://h/a?x=1;${name}=***`] as const,
  ),
]
/** Where the end of the password is not known, they end at the blank in words. */
const WITH_BLANKS: readonly (readonly [string, string])[] = [
  ['redis://me:a hunter2@h', 'redis://me@h'],
  ['me:a\nhunter2@h', 'me@h'],
  [' redis://me:hunter2@h', ' redis://me@h'],
  ['redis://h?password=a hunter2;hunter2', 'redis://h?password=***'],
  ['https://h/a b?x=a hunter2', 'https://h/a b?x=***'],
]
const WITHOUT: readonly (readonly [string, string])[] = [
  ['redis://h:6379/0', 'redis://h:6379/0'],
  ['redis://me@h:6379', 'redis://h:6379'],
  ['me@h', 'h'],
  ['kafka://a:9092,b:9092/t?ca=/x/me@y.pem', 'kafka://a:9092,b:9092/t'],
  ['kafka://[::1]:9092,b:9092?ca=/x/me@y.pem', 'kafka://[::1]:9092,b:9092'],
  ['kafka://h:1/t?partitions=3&compression=gzip&mechanism=plain', 'kafka://h:1/t'],
  ['postgres://h/db?sslmode=require', 'postgres://h/db'],
  ['https://h/hooks?from={provider}', 'https://h/hooks'],
  ['https://h:8443/@me', 'https://h:8443/@me'],
  ['https://h/hooks/me@corp.com', 'https://h/hooks/me@corp.com'],
  ['https://sqs.eu-west-1.amazonaws.com/12/a.fifo', 'https://sqs.eu-west-1.amazonaws.com/12/a.fifo'],
  ['sqs', 'sqs'],
  ['127.0.0.1:6379', '127.0.0.1:6379'],
  ['', ''],
]
const PATHS = [
  'file:///data/a:1/me@home',
  './data/a:1/me@home',
  '../a:1/me@home',
  '/data/a:1/me@home',
  './data/me@home',
]

describe('an address as it may be shown', () => {
  it.each(WITH_PASSWORD)('%s is %s, at %s', (url, shown, place) => {
    expect([shownUrl(url), shownPlace(url)]).toEqual([shown, place])
  })

  it.each(WITH_BLANKS)('%j is %j', (url, shown) => expect(shownUrl(url)).toBe(shown))

  it.each(WITH_QUERY)('%s is %s', (url, shown) => {
    expect(shownUrl(url)).toBe(shown)
    expect(shownUrl(shown)).toBe(shown)
  })

  it.each(WITHOUT)('%s has no password, and is at %s', (url, place) => {
    expect([shownUrl(url), shownPlace(url)]).toEqual([url, place])
  })

  it.each(PATHS)('%s is a path', (path) => expect([shownUrl(path), shownPlace(path)]).toEqual([path, path]))
})

describe('words with addresses in them', () => {
  it.each(WITH_PASSWORD)('%s is in them as %s', (url, shown) => {
    expect(shownWords(`${url} is none`)).toBe(`${shown} is none`)
    expect(shownWords(`unknown queue '${url}': use one`)).toBe(`unknown queue '${shown}': use one`)
    expect(shownWords(`unknown option '--queue-ur=${url}'`)).not.toContain('hunter2')
  })

  it.each(WITH_QUERY)('%s is in them as %s', (url, shown) => {
    expect(shownWords(`${url} is none`)).toBe(`${shown} is none`)
    for (const given of [[], [url]])
      expect(shownWords(`unknown queue '${url}': use one.`, given)).toBe(`unknown queue '${shown}': use one.`)
  })

  it.each(WITHOUT)('%s stays in them', (url) => {
    expect(shownWords(`there is no '${url}': give me@other.com`)).toBe(`there is no '${url}': give me@other.com`)
  })

  it.each(WITH_BLANKS)('%j is known where it was given', (url) => {
    expect(shownWords(`unknown queue '${url}' (${url})`, ['steady', url])).not.toContain('hunter2')
    expect(shownWords(`unknown option '--ur=${url}'`, [`--ur=${url}`])).not.toContain('hunter2')
  })

  it('keep what stands between two addresses', () => {
    const words = 'redis://me:a@h:1 is not redis://me:b@h:2, nor "me:c@h:3"'
    expect(shownWords(words)).toBe('redis://me@h:1 is not redis://me@h:2, nor "me@h:3"')
  })
})

it('a part of an address is read as it is meant', () => {
  expect(decodedPart('p%40ss', 'the password')).toBe('p@ss')
  expect(() => decodedPart('100%', 'the password')).toThrow(
    /^the password has a % that begins no code: write it as %25$/,
  )
})
