#!/usr/bin/env node
// Writes into package-lock.json what npm must know of the bundled Node and its packages do not say. Run it after an npm
// command that renewed their entries; test/bin/lock.test.ts says when.
//
// engines: npm leaves an optional package out where its `engines` exclude the Node that runs npm, and `npm ci` reads them
//   from the lock. So 211 MB are fetched only where the system's Node is too old for floodmark.
// bin: with it, npm would link the bundled Node as node_modules/.bin/node, and every script would run on it, also where
//   the system's Node has become newer since, and where the bundled one does not start.
'use strict'

const fs = require('node:fs')
const path = require('node:path')

const FILE = path.join(__dirname, '..', 'package-lock.json')
const TOO_OLD = '<22.18.0 || >=23.0.0 <24.3.0'

const lock = JSON.parse(fs.readFileSync(FILE, 'utf8'))
for (const [name, entry] of Object.entries(lock.packages)) {
  if (!/^node_modules\/node-(bin-)?(linux|darwin|win)-[^/]+$/.test(name)) continue
  delete entry.bin
  entry.engines = { node: TOO_OLD }
}
fs.writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`)
