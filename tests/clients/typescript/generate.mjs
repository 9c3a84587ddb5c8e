// Writes the types of an OpenAPI document, with bytes as Blobs: node generate.mjs DOCUMENT TYPES
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import openapiTS, { astToString } from 'openapi-typescript'
import ts from 'typescript'

const [document, types] = process.argv.slice(2)
const blob = ts.factory.createTypeReferenceNode('Blob')
const tree = await openapiTS(pathToFileURL(document), {
  transform: (schema) => (schema.format === 'binary' ? blob : undefined),
})
writeFileSync(types, astToString(tree))
