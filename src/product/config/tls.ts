import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import type { TlsMaterial } from '../../core/contracts/receiver.ts'
import type { TlsFiles } from './config.ts'

/** Reads the files, and sees that they fit each other. @throws FloodmarkError 'misuse' that names the file, and quotes none of it. */
export function readTls({ cert, key, clientCa }: TlsFiles, folder: string): TlsMaterial {
  const read = (file: string) => {
    try {
      return readFileSync(resolve(folder, file), 'utf8')
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      throw new FloodmarkError('misuse', `listen.tls: the file ${file} cannot be read (${code}): give one that can`)
    }
  }
  const material = { cert: read(cert), key: read(key), ...(clientCa !== undefined && { ca: read(clientCa) }) }
  try {
    createSecureContext(material)
    if (!new X509Certificate(material.cert).checkPrivateKey(createPrivateKey(material.key))) throw new Error('no match')
  } catch (cause) {
    const what = `listen.tls: ${cert} and ${key} are no certificate with its key (${messageOf(cause)})`
    throw new FloodmarkError('misuse', `${what}: give both as PEM`)
  }
  return material
}

/** When the certificate ends, ms since the Unix epoch. */
export function tlsEndMs({ cert }: TlsMaterial): number {
  return Date.parse(new X509Certificate(cert).validTo)
}
