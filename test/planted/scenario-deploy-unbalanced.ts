import rollingDeploy from '../../scenarios/rolling-deploy.ts'
import { defineScenario } from '../../src/runner/scenario/scenario.ts'

const { balancer: _, ...direct } = rollingDeploy

/** For tests: nothing stands before the processes that are restarted. */
export default defineScenario({ ...direct, name: 'deploy-unbalanced' })
