/**
 * What each folder of src/ may import besides itself. The runtime never sees a layer, and layers never
 * see an executor.
 */
const ALLOWED = {
  core: [],
  ops: ['plan', 'core'],
  plan: ['core'],
  data: ['core'],
  formats: ['core'],
  graph: ['ops', 'core'],
  layers: ['graph', 'ops', 'core'],
  runtime: ['plan', 'core'],
  compiler: ['graph', 'ops', 'plan', 'core'],
  training: ['layers', 'graph', 'ops', 'compiler', 'plan', 'runtime interface', 'data', 'core'],
  network: ['layers', 'graph', 'ops', 'core'],
  models: [
    'network',
    'inspect',
    'layers',
    'graph',
    'ops',
    'training',
    'compiler',
    'plan',
    'runtime interface',
    'data',
    'formats',
    'core',
  ],
  applications: ['models', 'layers', 'graph', 'ops', 'core'],
  inspect: ['network', 'layers', 'graph', 'plan', 'runtime interface', 'core'],
  interchange: [
    'applications',
    'models',
    'network',
    'layers',
    'graph',
    'ops',
    'training',
    'formats',
    'core',
  ],
  figures: ['core'],
  reports: [
    'models',
    'drawings',
    'figures',
    'inspect',
    'network',
    'layers',
    'graph',
    'ops',
    'training',
    'runtime interface',
    'data',
    'core',
  ],
  drawings: ['figures', 'inspect', 'network', 'layers', 'graph', 'core'],
  lab: ['public library', 'core'],
};

/** Packages that run in the browser too, and the folder of src/ that each is for. */
const PORTABLE_PACKAGES = {
  figures: ['d3-scale', 'd3-contour', 'fast-png'],
  drawings: ['@dagrejs/dagre'],
  formats: ['fflate'],
};

/** What a browser may be given: everything but the Node entry and its tests. */
const PORTABLE = { path: '^src/', pathNot: '^src/node(/|[.]ts$)|[.]test[.]ts$' };
const EXECUTORS = 'reference|cpu|webgpu';

const pathOf = (name) =>
  ({ 'runtime interface': '^src/runtime/[^/]+[.]ts$', 'public library': '^src/library[.]ts$' })[
    name
  ] ?? `^src/${name}/`;

const folderRules = Object.entries(ALLOWED).map(([folder, allowed]) => ({
  name: `${folder}-imports`,
  comment: `src/${folder} may import only: ${[folder, ...allowed].join(', ')}.`,
  severity: 'error',
  from: { path: `^src/${folder}/`, pathNot: '[.]test[.]ts$' },
  to: { path: '^(src|cli|tests|benchmarks|examples)/', pathNot: [folder, ...allowed].map(pathOf) },
}));

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or need a third; types count too.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'known-folders',
      comment: 'A new folder of src/ needs a row in the table of allowed imports.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        path: '^src/',
        pathNot: `^src/(${[...Object.keys(ALLOWED), 'node', 'browser'].join('|')})/|^src/(node|browser|library)[.]ts$`,
      },
    },
    ...folderRules,
    {
      name: 'executors-apart',
      comment: 'Executors share the interface in src/runtime, never one another.',
      severity: 'error',
      from: { path: `^src/runtime/(${EXECUTORS})/`, pathNot: '[.]test[.]ts$' },
      to: { path: `^src/runtime/(${EXECUTORS})/`, pathNot: '^src/runtime/$1/' },
    },
    {
      name: 'interface-alone',
      comment:
        'The executor interface does not know its implementations; the entries assemble them.',
      severity: 'error',
      from: { path: '^src/runtime/[^/]+[.]ts$', pathNot: '[.]test[.]ts$' },
      to: { path: `^src/runtime/(${EXECUTORS})/` },
    },
    {
      name: 'browser-without-node',
      comment: 'What reaches a browser never imports the Node entry.',
      severity: 'error',
      from: { path: '^src/browser(/|[.]ts$)', pathNot: '[.]test[.]ts$' },
      to: { path: '^src/node(/|[.]ts$)' },
    },
    {
      name: 'portable-without-builtins',
      comment: 'Only src/node.ts and src/node/ may import a Node built-in.',
      severity: 'error',
      from: PORTABLE,
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'portable-without-packages',
      comment: 'Only src/node.ts and src/node/ may import a package, but for PORTABLE_PACKAGES.',
      severity: 'error',
      from: {
        ...PORTABLE,
        path: `^src/(?!(${Object.keys(PORTABLE_PACKAGES).join('|')})/)`,
      },
      to: { pathNot: '^src/', dependencyTypesNot: ['core'] },
    },
    ...Object.entries(PORTABLE_PACKAGES).map(([folder, packages]) => ({
      name: `${folder}-packages`,
      comment: `src/${folder} may import only these packages: ${packages.join(', ')}.`,
      severity: 'error',
      from: { ...PORTABLE, path: `^src/${folder}/` },
      to: {
        pathNot: `^src/|node_modules/(@types/)?(${packages.join('|')})/`,
        dependencyTypesNot: ['core'],
      },
    })),
    {
      name: 'cli-through-entry',
      comment: 'The command line is a user of the Node entry, as any program is.',
      severity: 'error',
      from: { path: '^cli/', pathNot: '[.]test[.]ts$' },
      to: {
        path: '^src/',
        pathNot: '^src/node[.]ts$|^src/node/[^/]+[.]ts$|^src/core/errors[.]ts$',
      },
    },
    {
      name: 'examples-as-users',
      comment:
        "Examples import 'residuum' and nothing else, so that they run as they are anywhere.",
      severity: 'error',
      from: { path: '^examples/', pathNot: '[.]test[.]ts$' },
      to: { dependencyTypesNot: ['aliased'] },
    },
    {
      name: 'nothing-imports-programs',
      comment: 'The library knows neither the command line nor its tests, examples and benchmarks.',
      severity: 'error',
      from: { path: '^src/', pathNot: '[.]test[.]ts$' },
      to: { path: '^(cli|tests|benchmarks|examples)/' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['node', 'import', 'types', 'default'],
    },
  },
};
