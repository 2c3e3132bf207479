// aedes behind TLS, with accounts and their rights from a JSON file:
// { port, cert, key, accounts: { NAME: { password, write: [FILTER], read: [FILTER] } } }

import { readFileSync } from 'node:fs'
import { createServer } from 'node:tls'
import { createRequire } from 'node:module'

// The parts are below build/, where npm put them; the second argument says where.
const name = createRequire(process.argv[3]).resolve('aedes')
const found = await import(name)
const aedes = found.Aedes?.createBroker ? await found.Aedes.createBroker() : found.default()
const read = () => JSON.parse(readFileSync(process.argv[2], 'utf8'))
let conf = read()
process.on('SIGHUP', () => { conf = read() })

function matches (filter, topic) {
  const want = filter.split('/')
  const have = topic.split('/')
  for (let i = 0; i < want.length; i++) {
    if (want[i] === '#') return true
    if (i >= have.length || (want[i] !== '+' && want[i] !== have[i])) return false
  }
  return want.length === have.length
}

const may = (client, verb, topic) =>
  conf.accounts[client.account][verb].some((filter) => filter === topic || matches(filter, topic))

aedes.authenticate = (client, user, password, done) => {
  const account = conf.accounts[user]
  if (!account || !password || account.password !== password.toString()) {
    return done(Object.assign(new Error('refused'), { returnCode: 4 }), null)
  }
  client.account = user
  done(null, true)
}
aedes.authorizePublish = (client, packet, done) =>
  done(client && !may(client, 'write', packet.topic) ? new Error('refused') : null)
aedes.authorizeSubscribe = (client, wanted, done) =>
  done(null, may(client, 'read', wanted.topic) ? wanted : null)

createServer({ cert: readFileSync(conf.cert), key: readFileSync(conf.key) }, aedes.handle)
  .on('tlsClientError', () => {})
  .listen(conf.port, '127.0.0.1', () => console.error('serves'))
