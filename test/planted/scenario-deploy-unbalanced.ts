import rollingDeploy from '../../scenarios/rolling-deploy.ts'
import { defineScenario } from '../../src/runner/scenario/scenario.ts'

const { balancer: _, ...direct } = rollingDeploy

/** For tests: the restarted processes have no balancer before them. */
export default defineScenario({ ...direct, name: 'deploy-unbalanced' })
