import { describe, expect, it } from 'vitest'
import { parseResponse } from '../../../src/runner/load/sender/response.ts'

const lines = (...parts: string[]) => Buffer.from(parts.join('\r\n'), 'latin1')

describe('the response parser', () => {
  it.each([
    ['a stated length', lines('HTTP/1.1 200 OK', 'Content-Length: 3', '', 'abc')],
    ['no body by its status', lines('HTTP/1.1 204 No Content', '', '')],
    ['a length said twice alike', lines('HTTP/1.1 200 OK', 'Content-Length: 2', 'content-length: 2', '', 'ab')],
    [
      'an informational response before it',
      lines('HTTP/1.1 100 Continue', '', 'HTTP/1.1 503 Busy', 'Content-Length: 0', '', ''),
    ],
    ['chunks', lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '2', 'ab', '3;x=y', 'cde', '0', '', '')],
    [
      'trailers',
      lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '1', 'a', '0', 'Digest: x', 'More: y', '', ''),
    ],
  ])('is complete at the last byte and not one before, with %s', (_, bytes) => {
    for (let length = 1; length < bytes.length; length++) {
      expect(parseResponse(bytes.subarray(0, length))).toBeUndefined()
    }
    expect(parseResponse(Buffer.concat([bytes, Buffer.from('HTTP')]))!.bytes).toBe(bytes.length)
  })

  it.each([
    ['HTTP/1.1', 'Connection: close', true],
    ['HTTP/1.1', 'connection: Upgrade, Close', true],
    ['HTTP/1.1', 'X-Connection: close', false],
    ['HTTP/1.0', 'X-Nothing: 1', true],
    ['HTTP/1.0', 'Connection: keep-alive', false],
  ])('with %s and %j says whether the connection closes: %s', (version, header, close) => {
    expect(parseResponse(lines(`${version} 200 OK`, 'Content-Length: 0', header, '', ''))).toMatchObject({ close })
  })

  it('ends with the connection where no length is stated', () => {
    const bytes = lines('HTTP/1.1 200 OK', 'Server: x', '', 'abc')
    expect(parseResponse(bytes)).toBeUndefined()
    expect(parseResponse(bytes, true)).toMatchObject({ status: 200, close: true, bytes: bytes.length })
  })

  it('is cut off where the connection ends before a stated length', () => {
    expect(parseResponse(lines('HTTP/1.1 200 OK', 'Content-Length: 9', '', 'abc'), true)).toBeUndefined()
  })

  it.each([
    ['no HTTP', lines('hello world')],
    ['an unknown status', lines('HTTP/1.1 999 X', '', '')],
    ['two different lengths', lines('HTTP/1.1 200 OK', 'Content-Length: 3', 'Content-Length: 2', '', 'abc')],
    ['two lengths in one header', lines('HTTP/1.1 200 OK', 'Content-Length: 3, 3', '', 'abc')],
    ['a negative length', lines('HTTP/1.1 200 OK', 'Content-Length: -1', '', '')],
    [
      'a length and chunks',
      lines('HTTP/1.1 200 OK', 'Content-Length: 3', 'Transfer-Encoding: chunked', '', '0', '', ''),
    ],
    ['an unknown transfer encoding', lines('HTTP/1.1 200 OK', 'Transfer-Encoding: gzip', '', '')],
    [
      'a chunk longer than it says',
      lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '1', 'abc', '0', '', ''),
    ],
    ['a head without end', lines('HTTP/1.1 200 OK', 'a'.repeat(70_000))],
    ['a body without end', lines('HTTP/1.1 200 OK', 'Content-Length: 99999', '', 'a'.repeat(70_000))],
  ])('refuses %s', (_, bytes) => {
    expect(() => parseResponse(bytes)).toThrow('cannot be understood')
  })
})
