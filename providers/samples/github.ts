import { jsonTemplate } from '../../src/core/base/json-template.ts'
import type { Provider } from '../../src/core/contracts/provider.ts'

/** GitHub events in the shapes and sizes of octokit's examples: star 6 kB, push 7.2 kB, issues 11.8 kB, pull_request 24 kB. */

const API = 'https://api.github.com'
const REPO = 'example-org/<key>'
const CREATED = '2025-03-05T12:00:00Z'
const UPDATED = '2026-09-01T08:30:00Z'

function user(login: string) {
  const url = `${API}/users/${login}`
  return {
    login,
    id: 21031067,
    node_id: 'MDQ6VXNlcjIxMDMxMDY3',
    avatar_url: 'https://avatars.githubusercontent.com/u/21031067?v=4',
    gravatar_id: '',
    url,
    html_url: `https://github.com/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: 'User',
    user_view_type: 'public',
    site_admin: false,
  }
}

/** The links of a repository, as member name and path. GitHub sends all of them with every event. */
const REPOSITORY_LINKS = {
  forks_url: '/forks',
  keys_url: '/keys{/key_id}',
  collaborators_url: '/collaborators{/collaborator}',
  teams_url: '/teams',
  hooks_url: '/hooks',
  issue_events_url: '/issues/events{/number}',
  events_url: '/events',
  assignees_url: '/assignees{/user}',
  branches_url: '/branches{/branch}',
  tags_url: '/tags',
  blobs_url: '/git/blobs{/sha}',
  git_tags_url: '/git/tags{/sha}',
  git_refs_url: '/git/refs{/sha}',
  trees_url: '/git/trees{/sha}',
  statuses_url: '/statuses/{sha}',
  languages_url: '/languages',
  stargazers_url: '/stargazers',
  contributors_url: '/contributors',
  subscribers_url: '/subscribers',
  subscription_url: '/subscription',
  commits_url: '/commits{/sha}',
  git_commits_url: '/git/commits{/sha}',
  comments_url: '/comments{/number}',
  issue_comment_url: '/issues/comments{/number}',
  contents_url: '/contents/{+path}',
  compare_url: '/compare/{base}...{head}',
  merges_url: '/merges',
  archive_url: '/{archive_format}{/ref}',
  downloads_url: '/downloads',
  issues_url: '/issues{/number}',
  pulls_url: '/pulls{/number}',
  milestones_url: '/milestones{/number}',
  notifications_url: '/notifications{?since,all,participating}',
  labels_url: '/labels{/name}',
  releases_url: '/releases{/id}',
  deployments_url: '/deployments',
}

function links(paths: Readonly<Record<string, string>>, base: string) {
  return Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, base + path]))
}

const repository = {
  id: 186853002,
  node_id: 'MDEwOlJlcG9zaXRvcnkxODY4NTMwMDI=',
  name: '<key>',
  full_name: REPO,
  private: false,
  owner: user('example-org'),
  html_url: `https://github.com/${REPO}`,
  description: 'Where orders are taken, paid for and sent on their way',
  fork: false,
  url: `${API}/repos/${REPO}`,
  ...links(REPOSITORY_LINKS, `${API}/repos/${REPO}`),
  created_at: CREATED,
  updated_at: UPDATED,
  pushed_at: UPDATED,
  git_url: `git://github.com/${REPO}.git`,
  ssh_url: `git@github.com:${REPO}.git`,
  clone_url: `https://github.com/${REPO}.git`,
  svn_url: `https://github.com/${REPO}`,
  homepage: null,
  size: '<#number>',
  stargazers_count: 118,
  watchers_count: 118,
  language: 'TypeScript',
  has_issues: true,
  has_projects: true,
  has_downloads: true,
  has_wiki: true,
  has_pages: false,
  forks_count: 12,
  mirror_url: null,
  archived: false,
  disabled: false,
  open_issues_count: 7,
  license: { key: 'mit', name: 'MIT License', spdx_id: 'MIT', url: `${API}/licenses/mit`, node_id: 'MDc6TGljZW5zZTEz' },
  allow_forking: true,
  is_template: false,
  web_commit_signoff_required: false,
  topics: ['orders', 'payments', 'webhooks'],
  visibility: 'public',
  forks: 12,
  open_issues: 7,
  watchers: 118,
  default_branch: 'main',
}

const organization = {
  login: 'example-org',
  id: 38302899,
  node_id: 'MDEyOk9yZ2FuaXphdGlvbjM4MzAyODk5',
  url: `${API}/orgs/example-org`,
  ...links(
    {
      repos_url: '/repos',
      events_url: '/events',
      hooks_url: '/hooks',
      issues_url: '/issues',
      members_url: '/members{/member}',
      public_members_url: '/public_members{/member}',
    },
    `${API}/orgs/example-org`,
  ),
  avatar_url: 'https://avatars.githubusercontent.com/u/38302899?v=4',
  description: 'Example Store',
}

const PROSE =
  'When two payments for one order arrive together, the second one waits for the first one to settle. ' +
  'Under load the wait can be longer than the lease, and then both are taken up again. ' +
  'Steps: open an order, pay it from two tabs, and watch the log of the worker that holds the order. ' +
  'Expected: one receipt. Seen: one receipt, but the second payment shows as pending for a minute. '

function label(name: string) {
  const url = `${API}/repos/${REPO}/labels/${name}`
  return {
    id: 1362934389,
    node_id: 'MDU6TGFiZWwxMzYyOTM0Mzg5',
    url,
    name,
    color: 'd73a4a',
    default: true,
    description: PROSE.slice(0, 70),
  }
}

const milestone = {
  url: `${API}/repos/${REPO}/milestones/1`,
  html_url: `https://github.com/${REPO}/milestone/1`,
  labels_url: `${API}/repos/${REPO}/milestones/1/labels`,
  id: 4317517,
  node_id: 'MDk6TWlsZXN0b25lNDMxNzUxNw==',
  number: 1,
  title: 'Festival sale',
  description: 'Ready for ten times the usual orders',
  creator: user('release-captain'),
  open_issues: 1,
  closed_issues: 3,
  state: 'open',
  created_at: CREATED,
  updated_at: UPDATED,
  due_on: null,
  closed_at: null,
}

/** The members that an issue and a pull request have in common. */
const thread = {
  id: '<#number>',
  node_id: 'MDU6SXNzdWU0NDQ1MDAwNDE=',
  number: '<#number>',
  title: 'Second payment of one order stays pending for a minute',
  user: user('order-desk'),
  labels: [label('bug'), label('payments')],
  state: 'open',
  locked: false,
  assignee: user('first-responder'),
  assignees: [user('first-responder')],
  milestone,
  created_at: CREATED,
  updated_at: UPDATED,
  closed_at: null,
  author_association: 'MEMBER',
  active_lock_reason: null,
  body: PROSE.repeat(2),
}

function commit(message: string) {
  const author = { name: 'Order Desk', email: 'order-desk@example.com', username: 'order-desk' }
  return {
    id: '6113728f27ae82c7b1a177c8d03f9e96<number>',
    tree_id: 'f9d2a07e9488b91af2641b26b9407fe22a451433',
    distinct: true,
    message,
    timestamp: UPDATED,
    url: `https://github.com/${REPO}/commit/6113728f27ae82c7b1a177c8d03f9e96<number>`,
    author,
    committer: author,
    added: [],
    removed: [],
    modified: ['src/orders/settle.ts', 'test/orders/settle.test.ts'],
  }
}

const pullUrl = `${API}/repos/${REPO}/pulls/<number>`
const branch = {
  label: 'example-org:main',
  sha: '6113728f27ae82c7b1a177c8d03f9e96f391add9',
  user: user('example-org'),
  repo: repository,
}
const pullRequest = {
  ...thread,
  url: pullUrl,
  html_url: `https://github.com/${REPO}/pull/<number>`,
  ...links({ commits_url: '/commits', review_comments_url: '/comments', statuses_url: '/statuses' }, pullUrl),
  merge_commit_sha: null,
  requested_reviewers: [user('second-pair-of-eyes')],
  requested_teams: [],
  head: { ...branch, ref: 'settle-in-order' },
  base: { ...branch, ref: 'main' },
  _links: {
    self: { href: pullUrl },
    commits: { href: `${pullUrl}/commits` },
    comments: { href: `${pullUrl}/comments` },
  },
  draft: false,
  merged: false,
  mergeable: null,
  mergeable_state: 'unknown',
  comments: 0,
  commits: 1,
  additions: 41,
  deletions: 7,
  changed_files: 2,
}

const from = { repository, organization, sender: user('order-desk'), hook_delivery: '<id>' }
const EVENTS = {
  star: jsonTemplate({ action: 'created', starred_at: UPDATED, ...from }),
  push: jsonTemplate({
    ref: 'refs/heads/main',
    before: '6113728f27ae82c7b1a177c8d03f9e96f391add9',
    after: '6113728f27ae82c7b1a177c8d03f9e96<number>',
    ...from,
    pusher: { name: 'order-desk', email: 'order-desk@example.com' },
    created: false,
    deleted: false,
    forced: false,
    base_ref: null,
    compare: `https://github.com/${REPO}/compare/6113728f27ae...<number>`,
    commits: [commit('orders: settle payments one by one')],
    head_commit: commit('orders: settle payments one by one'),
  }),
  issues: jsonTemplate({ action: 'opened', issue: thread, ...from }),
  pull_request: jsonTemplate({ action: 'opened', number: '<#number>', pull_request: pullRequest, ...from }),
}

/** Of 100: 55 push, 20 star, 17 issues, 8 pull_request, about 9 kB on average. The key becomes the repository's name. */
export const sampleEvent: Provider['sample'] = (random, { id, key }) => {
  const draw = random()
  const type = draw < 0.55 ? 'push' : draw < 0.75 ? 'star' : draw < 0.92 ? 'issues' : 'pull_request'
  return { type, body: EVENTS[type]({ id, key, number: 10_000_000 + Math.floor(random() * 89_999_999) }) }
}
