import { mebibytes } from '../report/payload.ts'
import type { Report } from '../report/report-schema.ts'

/** What a person wants to know of the bodies: a line, and one more where contents were fetched. */
export function payloadLines({ payload }: Report): string[] {
  if (!payload) return []
  const { p50Bytes, p99Bytes, maxBytes, bytesPerS, memoryBytesMax, contents } = payload
  const size = (bytes: number) =>
    bytes < 10_240 ? `${bytes} bytes` : bytes < 2 ** 20 ? `${(bytes / 1_024).toFixed(1)} KiB` : mebibytes(bytes)
  const bodies = `bodies: p50 ${size(p50Bytes)}, p99 ${size(p99Bytes)}, longest ${size(maxBytes)}; ${mebibytes(bytesPerS)}/s`
  const lines = [`${bodies}; most memory of a process of the stack ${mebibytes(memoryBytesMax)}`]
  if (contents) {
    const { fetches, unavailable, bytes, applied } = contents
    lines.push(
      `contents fetched by reference: ${mebibytes(bytes)} in ${fetches} fetches for ${applied} effects; ${unavailable} were answered with 503 first`,
    )
  }
  return lines
}
