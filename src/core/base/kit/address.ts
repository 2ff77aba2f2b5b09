import { isIP } from 'node:net'
import { FloodmarkError } from '../../contracts/errors.ts'

/** What begins with a scheme. Own drivers may take schemes that the kit does not know. */
export const ADDRESS = /^[a-z][a-z0-9+.-]*:\/\//i

const HOST = String.raw`(?:\[[\da-f:.]+\]|[^\s/?#@:,[\]]+)(?::\d{1,5})?`
const HOSTS = `${HOST}(?:,${HOST})*`
/** The @ lies in a query behind hosts. */
const IN_QUERY = new RegExp(String.raw`^${HOSTS}(?:/[^?#@:]*)?\?[\w.-]+=`, 'i')
/** The @ begins a part of a path behind hosts. */
const IN_PATH = new RegExp(`^${HOSTS}/(?:[^?#@:]*/)?$`, 'i')
/** What cannot have a login. */
const PATH = /^(?:\.{0,2}\/(?!\/)|file:\/)/i

interface LoginParts {
  readonly scheme: string
  readonly user: string
  readonly password: string | undefined
  /** Hosts, path and query. */
  readonly rest: string
}

/**
 * The login of an address; undefined: it has none. People write passwords as they are, so one may hold any sign: it ends at the
 * last @ of all. Where an @ may be a password's or a path's it is taken for a password's, so that none is ever shown.
 */
function loginIn(text: string): LoginParts | undefined {
  const scheme = /^(?:[^:]*:)?\/\//.exec(text)?.[0] ?? ''
  const at = text.lastIndexOf('@')
  if (at < scheme.length) return undefined
  const login = text.slice(scheme.length, at)
  if (IN_QUERY.test(login) || (/https?:\/\/$/i.test(scheme) && IN_PATH.test(login))) return undefined
  const colon = login.indexOf(':')
  if (colon < 0 && /[/?#]/.test(login)) return undefined
  const [user, password] = colon < 0 ? [login, undefined] : [login.slice(0, colon), login.slice(colon + 1)]
  return { scheme, user, password, rest: text.slice(at + 1) }
}

function withoutPassword(text: string): string {
  const login = loginIn(text)
  return login?.password === undefined ? text : `${login.scheme}${login.user}@${login.rest}`
}

/** Ends of names that may hold a secret in the query of a server, whose options are to stay readable. */
const SECRET =
  'password|passwd|pass|pwd?|secret|token|key|code|sig|signature|auth|authorization|credentials?|sas|jwt|bearer'
/** Where a value of a query ends in an address, and in words, whose quotes and full stops follow it. */
const VALUE = '[^&]*'
const VALUE_IN_WORDS = String.raw`[^&;#\s]*?(?=['"),.:]*(?:[&;#\s]|$))`

/** What masks the queries in a text: of the web each value, since no list has every name of a credential; of others the secret ones. */
function maskingQueries(sign: string, value: string): (text: string) => string {
  const web = new RegExp(String.raw`(https?:\/\/(?:(?!\?)${sign})*)(\?${sign}*)`, 'gi')
  const all = new RegExp(`([?&;])([^?&;=#]*=)?(${value})`, 'g')
  const named = new RegExp(String.raw`([?&;][\w-]*(?:${SECRET})=)${value}`, 'gi')
  const masked = (whole: string, before: string, name = '', given: string) =>
    given === '' || given === '{provider}' ? whole : `${before}${name}***`
  return (text) =>
    text.replace(web, (_, place: string, query: string) => place + query.replace(all, masked)).replace(named, '$1***')
}
const maskedQuery = maskingQueries('[^]', VALUE)
const maskedQueries = maskingQueries(String.raw`\S`, VALUE_IN_WORDS)

/** Whether an address has what `shownUrl` would take for a password. */
export function hasPassword(url: string): boolean {
  return !PATH.test(url) && loginIn(url)?.password !== undefined
}

/** One address, with nothing beside it, as it may be shown: without its password, and *** for what may be secret in its query. */
export function shownUrl(url: string): string {
  return maskedQuery(hasPassword(url) ? withoutPassword(url) : url)
}

/** Where a server is: its address without login and query. */
export function shownPlace(url: string): string {
  const login = PATH.test(url) ? undefined : loginIn(url)
  return (login ? login.scheme + login.rest : url).replace(/[?#].*/s, '')
}

/**
 * Words with addresses in them, without their passwords. Each ends at a blank here. A password with a blank is known only by
 * `given`: texts that may be an address, or `name=` and an address, and that may stand in the words as they are.
 */
export function shownWords(words: string, given: readonly string[] = []): string {
  const whole = given.flatMap((one) => [one, one.slice(one.indexOf('=') + 1)]).filter((one) => shownUrl(one) !== one)
  const known = whole.reduce((text, one) => text.replaceAll(one, () => shownUrl(one)), words)
  return maskedQueries(known.replace(/\S+/g, withoutPassword))
}

/** A part of an address as it is meant. @throws FloodmarkError 'misuse' that names `what`, and does not show it. */
export function decodedPart(text: string, what: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new FloodmarkError('misuse', `${what} has a % that begins no code: write it as %25`)
  }
}

/** Whether a host is this machine, as far as its name tells. An IPv6 address may stand in brackets. */
export function isLoopback(host: string): boolean {
  return ['localhost', '::1', '[::1]'].includes(host) || (isIP(host) === 4 && host.startsWith('127.'))
}

/** Whether an address is of this machine, as far as the name of its host tells. */
export function isHere(url: string): boolean {
  return isLoopback(URL.parse(url)?.hostname ?? '')
}
