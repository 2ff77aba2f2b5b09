import { type Scaling, scalingSchema } from '../scaling/scaling-schema.ts'
import { writeWhole } from './write-whole.ts'

/** Writes scaling.json into the folder of the searches. */
export function writeScaling(scaling: Scaling, folder: string): void {
  writeWhole(folder, { 'scaling.json': `${JSON.stringify(scalingSchema.parse(scaling), null, 1)}\n` })
}
