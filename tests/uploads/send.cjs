// Sends one file with tus-js-client: node send.cjs URL TOKEN FILE CHUNK_BYTES NAME=VALUE…
// Prints the upload's address and how often it tried again.
const fs = require('node:fs')
const path = require('node:path')
const tus = require(path.join(process.env.NODE_MODULES, 'tus-js-client'))

const [endpoint, token, file, chunk, ...pairs] = process.argv.slice(2)
const metadata = Object.fromEntries(pairs.map((pair) => pair.split('=')))
let retries = 0
const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint,
  metadata,
  headers: { Authorization: `Bearer ${token}` },
  uploadSize: fs.statSync(file).size,
  chunkSize: Number(chunk) || Infinity,
  retryDelays: Array(40).fill(200),
  // The package's own rule for what is worth another try stays as it is.
  onShouldRetry: (error, attempt, options) => {
    retries += 1
    const status = error.originalResponse ? error.originalResponse.getStatus() : 0
    return status === 0 || status >= 500 || status === 409 || status === 423
  },
  onError: (error) => {
    console.error(String(error))
    process.exit(1)
  },
  onSuccess: () => {
    console.log(JSON.stringify({ url: upload.url, retries }))
  },
})
upload.start()
