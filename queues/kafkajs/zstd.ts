import { promisify } from 'node:util'
import zlib from 'node:zlib'
import kafkajs from 'kafkajs'

const ZSTD = 4

/** kafkajs knows the name of zstd and leaves the work to others. Node does it from 22.15 on; without it kafkajs says what it lacks. */
export function teachZstd(): void {
  if (!('zstdCompress' in zlib)) return
  const [compress, decompress] = [promisify(zlib.zstdCompress), promisify(zlib.zstdDecompress)]
  kafkajs.CompressionCodecs[ZSTD] = () => ({
    compress: ({ buffer }: { readonly buffer: Buffer }) => compress(buffer),
    decompress: (buffer: Buffer) => decompress(buffer),
  })
}
