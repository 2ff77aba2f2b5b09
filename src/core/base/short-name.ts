/** A name of ours as it is; of a path, the name of its file without folder and ending: for sources, folders and titles. */
export function shortName(name: string): string {
  return name.replace(/^.*[\\/]/, '').replace(/\.[cm]?[jt]s$/, '')
}
