import type { z } from 'zod'
import { FloodmarkError } from '../../../core/contracts/errors.ts'

/** The value of a flag that is no setting of a run. @throws FloodmarkError 'misuse' that names the flag. */
export function flagValue<T>(flag: string, schema: z.ZodType<T>, text: string): T {
  const { data, error } = schema.safeParse(text)
  if (error) throw new FloodmarkError('misuse', `${flag} ${error.issues[0]!.message}`)
  return data!
}
