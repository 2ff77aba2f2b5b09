import { expect, it } from 'vitest'
import discord from '../../providers/discord.ts'
import { AT_MS, codeOf, incoming, providerContract } from '../contract/provider.ts'
import { oracle, withOracles } from '../oracles/oracle.ts'
import { expectSizes } from './sizes.ts'

type VerifyKey = (body: Buffer, signature: string, timestamp: string, key: string) => Promise<boolean>

providerContract(discord, { signature: 'x-signature-ed25519', digest: /.+/ })

it('discord is verified by the official package, which refuses an altered body', withOracles, async () => {
  const { verifyKey } = oracle<{ readonly verifyKey: VerifyKey }>('discord-interactions')
  const { signing, verifying } = discord.newSecret!()
  const body = Buffer.from('{"type":0}')
  const headers = discord.sign(body, discord.secret(signing), { id: '', type: '', atMs: AT_MS })
  const official = (raw: Buffer) =>
    verifyKey(raw, headers['x-signature-ed25519']!, headers['x-signature-timestamp']!, verifying)
  expect(await official(body)).toBe(true)
  expect(await official(Buffer.from('{"type":1}'))).toBe(false)
})

it('discord answers PING with 204 and no other', () => {
  expect(discord.handshake!(incoming({}, Buffer.from('{"type":0}')))).toMatchObject({ status: 204 })
  expect(discord.handshake!(incoming({}, Buffer.from('{"type":1}')))).toBeUndefined()
})

it('discord keys that are none are refused', () => {
  for (const text of ['00'.repeat(32), 'ab', 'private:', 'zz'.repeat(32)]) {
    expect(codeOf(() => discord.secret(text))).toBe('misuse')
  }
})

it('discord sends entitlements of 0.4 kB', () => expectSizes(discord, { ENTITLEMENT_CREATE: [350, 500] }))
