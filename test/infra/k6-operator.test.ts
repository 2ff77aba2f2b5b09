import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { providers } from '../../providers/index.ts'

interface Claim {
  kind: string
  metadata: { name: string }
  spec: { accessModes: string[] }
}
interface TestRun {
  kind: string
  apiVersion: string
  spec: {
    parallelism: number
    script: { volumeClaim: { name: string; file: string } }
    arguments: string
    runner: { env: { name: string; valueFrom: Record<string, unknown> }[] }
  }
}
const text = readFileSync(new URL('../../infra/k6-operator/testrun.yaml', import.meta.url), 'utf8')
const [claim, run] = parseAllDocuments(text).map((one) => one.toJS()) as [Claim, TestRun]

describe('infra/k6-operator/testrun.yaml', () => {
  it('runs an export on several machines, which share its files', () => {
    expect(run).toMatchObject({ kind: 'TestRun', apiVersion: 'k6.io/v1alpha1' })
    expect(run.spec.parallelism).toBeGreaterThan(1)
    expect(run.spec.script.volumeClaim).toEqual({ name: claim.metadata.name, file: 'sale.ts' })
    expect(claim).toMatchObject({ kind: 'PersistentVolumeClaim', spec: { accessModes: ['ReadWriteMany'] } })
  })

  it('keeps the points of each runner in a file of its own, which import:k6 wants', () => {
    const [, file] = /--out json=(\S+)/.exec(run.spec.arguments) ?? []
    expect(file).toMatch(/^\/test\/out-\$\((\w+)\)\.json$/)
    const [, variable] = /\$\((\w+)\)/.exec(file ?? '') ?? []
    expect(run.spec.runner.env.map(({ name }) => name)).toContain(variable)
  })

  it('has secrets by the names of providers, and none in the file', () => {
    const secrets = run.spec.runner.env.filter(({ name }) => name.startsWith('FLOODMARK_SECRET_'))
    const known = Object.keys(providers).map((name) => `FLOODMARK_SECRET_${name.toUpperCase().replaceAll('-', '_')}`)
    expect(secrets).not.toEqual([])
    for (const { name, valueFrom } of secrets) {
      expect(known).toContain(name)
      expect(valueFrom).toHaveProperty('secretKeyRef')
    }
  })
})
