const IS_BUILT = import.meta.url.endsWith('.js')

/** A text with commands, as they are called where it is read: `npm run` in a clone, `npx floodmark` where the kit is installed. */
export function commandsIn(text: string, isBuilt = IS_BUILT): string {
  return isBuilt ? text.replaceAll(/npm run ([a-z]+)( --(?= ))?/g, 'npx floodmark $1') : text
}
