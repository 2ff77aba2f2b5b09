// First: from here on `import … from 'floodmark'` works in a person's own files, wherever they lie.
import '../processes/resolve-floodmark.ts'
import { outliveReaders } from '../processes/obey-runner.ts'
import { runCommand } from './commands.ts'

// A reader that has seen enough, as `head` has, is no error, nor is a terminal that was closed.
outliveReaders()
// npm starts a script in the kit's folder; paths are meant from where the person is.
const { npm_lifecycle_event: script, INIT_CWD: folder } = process.env
if (folder && script === process.argv[2]) process.chdir(folder)
const failed = await runCommand(process.argv.slice(2))
if (failed !== undefined) process.exitCode = failed
