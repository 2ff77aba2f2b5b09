export { serverTarget as redisTarget } from './server-target.ts'
