// Checks that every public symbol, and every public member of a public class or interface, says in a
// doc comment what it is. Public is what src/node.ts, src/browser.ts and src/node/lab.ts export, by whatever way.
import { join, relative } from 'node:path';
import ts from 'typescript';
import { root } from './source-files.mjs';

const ENTRIES = ['src/node.ts', 'src/browser.ts', 'src/node/lab.ts'];

const configPath = join(root, 'tsconfig.json');
const config = ts.parseJsonConfigFileContent(
  ts.readConfigFile(configPath, ts.sys.readFile).config,
  ts.sys,
  root,
);
const entries = ENTRIES.map((path) => join(root, path)).filter(ts.sys.fileExists);
const program = ts.createProgram(entries, { ...config.options, noEmit: true, incremental: false });
const checker = program.getTypeChecker();

/** Declarations seen, so that what both entries export is reported once. */
const seen = new Set();
/** Lines of the report. */
const missing = new Set();

const isOurs = (declaration) =>
  !declaration.getSourceFile().fileName.includes('/node_modules/') &&
  declaration.getSourceFile().fileName.startsWith(join(root, 'src'));

/** Whether a symbol says what it is; one declaration that does speaks for its overloads. */
const isDocumented = (symbol) => symbol.getDocumentationComment(checker).length > 0;

function isPublicMember(declaration) {
  const flags = ts.getCombinedModifierFlags(declaration);
  if (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) return false;
  return !(declaration.name && ts.isPrivateIdentifier(declaration.name));
}

function report(symbol, name) {
  const declaration = symbol.declarations?.find(isOurs);
  if (!declaration || isDocumented(symbol)) return;
  const file = declaration.getSourceFile();
  const { line } = file.getLineAndCharacterOfPosition(declaration.getStart());
  missing.add(`${relative(root, file.fileName)}:${line + 1}: ${name}`);
}

/** Checks the members that a declaration itself writes down; inherited ones have their own place. */
function visitMembers(declaration, owner) {
  const members =
    ts.isClassDeclaration(declaration) || ts.isInterfaceDeclaration(declaration)
      ? declaration.members
      : ts.isTypeAliasDeclaration(declaration) && ts.isTypeLiteralNode(declaration.type)
        ? declaration.type.members
        : [];
  for (const member of members) {
    if (!member.name || !isPublicMember(member)) continue;
    const symbol = checker.getSymbolAtLocation(member.name);
    if (symbol) report(symbol, `${owner}.${symbol.name}`);
  }
}

function visit(exported) {
  const symbol =
    exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
  if (seen.has(symbol)) return;
  seen.add(symbol);
  // A namespace such as `ops` is documented through what it holds.
  if (symbol.flags & ts.SymbolFlags.ValueModule) {
    for (const inner of checker.getExportsOfModule(symbol)) visit(inner);
    return;
  }
  report(symbol, symbol.name);
  for (const declaration of symbol.declarations ?? []) {
    if (isOurs(declaration)) visitMembers(declaration, symbol.name);
  }
}

for (const path of entries) {
  const file = program.getSourceFile(path);
  const symbol = file && checker.getSymbolAtLocation(file);
  for (const exported of symbol ? checker.getExportsOfModule(symbol) : []) visit(exported);
}

for (const line of [...missing].sort()) console.error(`${line} has no docstring`);
console.log(`docstrings: ${seen.size} public symbols, ${missing.size} missing`);
process.exitCode = missing.size > 0 || entries.length === 0 ? 1 : 0;
