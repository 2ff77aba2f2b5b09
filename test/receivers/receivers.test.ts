import { receivers } from '../../receivers/index.ts'
import { receiverContract } from '../contract/receiver.ts'

for (const [name, load] of Object.entries(receivers)) receiverContract(name, (await load()).default)
