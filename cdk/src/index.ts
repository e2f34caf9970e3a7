import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';

import { CfnOutput, CfnResource, Duration, FileSystem } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';

export interface MigrationsManagerProps {
  /**
   * Directory of the migrations, of any kind. A dynamigrate.{yaml,yml,json5,json} beside it is the
   * project's configuration; there need be none.
   */
  readonly migrationsDir: string;
  /** Name of the history table. Default: as configured, else dynamigrate-history. */
  readonly tableName?: string;
  /** Whether that table is there already. Default: the stack creates it. */
  readonly useExistingHistoryTable?: boolean;
  /**
   * How long a deployment waits for its migrations: 55 minutes at most, since CloudFormation waits
   * one hour. What happens then, `onTimeout` says. Default: 55 minutes.
   */
  readonly totalMigrationsTimeout?: Duration;
  /**
   * When that time is over: `fail` the deployment, the run pausing resumably, or `detach`: the
   * deployment succeeds, the run goes on, and the next deployment checks it. Default: fail.
   */
  readonly onTimeout?: 'fail' | 'detach';
  /** When the stack rolls back: `keep` what was applied, or take it `down`. Default: keep. */
  readonly onRollback?: 'keep' | 'down';
  /**
   * Real tables by the names that migrations use. Tables of the same stack are there before the
   * migrations run. Default: the names are the tables', or as configured.
   */
  readonly tables?: { readonly [name: string]: dynamodb.ITable | string };
  /** Read units per second, or a share ("40%"), for all that works on a migration together. */
  readonly maxRcu?: number | string;
  /** Write units per second, or a share, for all that works on a migration together. */
  readonly maxWcu?: number | string;
  /** Segments that are worked at once. Default: 16. */
  readonly concurrency?: number;
  /** Of the function, MB. Default: 1024. */
  readonly memorySize?: number;
  /** Of the function: provided.al2023, or nodejs22.x, nodejs24.x for migrations in JavaScript. */
  readonly runtime?: string;
  /** Such as one with the node_modules that the migrations use. */
  readonly layers?: lambda.ILayerVersion[];
  readonly logRetentionDays?: number;
  /** A profile of the configuration. */
  readonly profile?: string;
  /** The program. Default: the variable DYNAMIGRATE_PROGRAM, else `dynamigrate` on the PATH. */
  readonly program?: string;
}

const CONFIGURATIONS = ['dynamigrate.yaml', 'dynamigrate.yml', 'dynamigrate.json5', 'dynamigrate.json'];

/** The nearest node_modules, from the directory upwards. */
function modulesOf(directory: string): string | undefined {
  const modules = path.join(directory, 'node_modules');
  if (fs.existsSync(modules)) {
    return modules;
  }
  const parent = path.dirname(directory);
  return parent === directory ? undefined : modulesOf(parent);
}

/** A project that the program can package: the configured one, or a copy with an empty configuration. */
function projectOf(migrationsDir: string): string {
  const migrations = path.resolve(migrationsDir);
  if (!fs.existsSync(migrations)) {
    throw new Error(`migrationsDir: there is no ${migrations}`);
  }
  const parent = path.dirname(migrations);
  if (CONFIGURATIONS.some((name) => fs.existsSync(path.join(parent, name)))) {
    return parent;
  }
  const project = FileSystem.mkdtemp('dynamigrate-');
  fs.cpSync(migrations, path.join(project, 'migrations'), {
    recursive: true,
    filter: (file) => path.basename(file) !== 'node_modules',
  });
  fs.writeFileSync(path.join(project, 'dynamigrate.json'), '{}\n');
  const modules = modulesOf(parent);
  if (modules) {
    fs.symlinkSync(modules, path.join(project, 'node_modules'), 'dir'); // what migrations import; not packaged
  }
  return project;
}

function run(program: string, project: string, words: string[]): void {
  const environment = { ...process.env };
  for (const name of Object.keys(environment)) {
    if (name.startsWith('DYNAMIGRATE_')) {
      delete environment[name]; // a developer's own must not end up in a stack
    }
  }
  try {
    execFileSync(program, ['--dir', project, ...words], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stderr, code } = error as { stderr?: Buffer; code?: string };
    throw new Error(code === 'ENOENT'
      ? `there is no program ${program}: install dynamigrate, or name it by \`program\` or the variable DYNAMIGRATE_PROGRAM`
      : `${program} ${words.slice(0, 2).join(' ')} failed: ${stderr?.toString().trim() ?? error}`);
  }
}

/** Parameters of tables by the names that migrations use: `app=${TableApp},...` in the function. */
function tableParameters(template: any): { [name: string]: string } {
  const said = template.Resources.Function.Properties.Environment.Variables.DYNAMIGRATE_TABLES;
  const text: string = said?.['Fn::Sub'] ?? '';
  return Object.fromEntries([...text.matchAll(/([^=,]+)=\$\{(\w+)\}/g)].map(([, name, id]) => [name, id]));
}

/**
 * Runs a directory's outstanding migrations within the deployment of its stack: one state machine for
 * each, a function that they call, the history table, and a custom resource that waits for them and fails
 * the deployment when one fails.
 *
 * It is a grantee: `table.grantReadWriteData(migrations)` gives the function more than it has.
 */
export class MigrationsManager extends Construct implements iam.IGrantable {
  public readonly grantPrincipal: iam.IPrincipal;
  /** The function's. */
  public readonly role: iam.IRole;
  public readonly function: lambda.IFunction;
  public readonly historyTable: dynamodb.ITable;
  /** Runs what is outstanding. */
  public readonly deploymentMachineArn: string;
  /** ARNs of the state machines by migration. */
  public readonly machines: { readonly [migration: string]: string };
  private readonly template: CfnInclude;

  constructor(scope: Construct, id: string, props: MigrationsManagerProps) {
    super(scope, id);
    const program = props.program ?? process.env.DYNAMIGRATE_PROGRAM ?? 'dynamigrate';
    const project = projectOf(props.migrationsDir);
    const made = FileSystem.mkdtemp('dynamigrate-');
    const templateFile = path.join(made, 'template.json');
    const zip = path.join(made, 'function.zip');
    const profile = props.profile ? ['--profile', props.profile] : [];
    run(program, project, ['deploy', 'package', '--output', zip, ...profile]);
    run(program, project, ['deploy', 'template', '--output', templateFile, ...profile, ...this.wishes(props)]);
    const content = JSON.parse(fs.readFileSync(templateFile, 'utf8'));
    const asset = new Asset(this, 'Package', { path: zip });
    this.template = new CfnInclude(this, 'Template', {
      templateFile,
      preserveLogicalIds: false,
      parameters: {
        ...this.parameters(props, content),
        PackageBucket: asset.s3BucketName,
        PackageKey: asset.s3ObjectKey,
      },
    });
    this.role = iam.Role.fromRoleArn(this, 'Role', this.attribute('FunctionRole', 'Arn'));
    this.grantPrincipal = this.role.grantPrincipal;
    this.function = lambda.Function.fromFunctionAttributes(this, 'Function', {
      functionArn: this.attribute('Function', 'Arn'),
      role: this.role,
      sameEnvironment: true,
    });
    const history = props.tableName ?? content.Parameters.HistoryTableName.Default;
    this.historyTable = dynamodb.Table.fromTableName(this, 'History', history);
    new CfnOutput(this, 'MigrationsTableNameOutput', { value: this.historyTable.tableName });
    this.deploymentMachineArn = this.resource('DeploymentMachine').ref;
    this.machines = this.machinesOf(content);
    // What is granted later must be there before migrations run.
    this.resource('Migrations').node.addDependency(this.role);
  }

  private wishes(props: MigrationsManagerProps): string[] {
    const wishes: string[] = [];
    if (props.onTimeout) wishes.push('--on-timeout', props.onTimeout);
    if (props.onRollback) wishes.push('--on-rollback', props.onRollback);
    if (props.totalMigrationsTimeout) {
      wishes.push('--migrations-timeout', String(Math.ceil(props.totalMigrationsTimeout.toMinutes({ integral: false }))));
    }
    return wishes;
  }

  private parameters(props: MigrationsManagerProps, content: any): { [name: string]: unknown } {
    const known = tableParameters(content);
    const parameters: { [name: string]: unknown } = {};
    for (const [name, table] of Object.entries(props.tables ?? {})) {
      if (!known[name]) {
        throw new Error(`tables: no migration names a table ${name}; named are ${Object.keys(known).join(', ') || 'none'}`);
      }
      parameters[known[name]] = typeof table === 'string' ? table : table.tableName;
    }
    const said: { [name: string]: unknown } = {
      HistoryTableName: props.tableName,
      CreateHistoryTable: props.useExistingHistoryTable === undefined ? undefined : String(!props.useExistingHistoryTable),
      MaxRcu: props.maxRcu === undefined ? undefined : String(props.maxRcu),
      MaxWcu: props.maxWcu === undefined ? undefined : String(props.maxWcu),
      Concurrency: props.concurrency,
      MemorySize: props.memorySize,
      Runtime: props.runtime,
      LayerArns: props.layers?.map((layer) => layer.layerVersionArn).join(','),
      LogRetentionDays: props.logRetentionDays,
    };
    for (const [name, value] of Object.entries(said)) {
      if (value !== undefined) parameters[name] = value;
    }
    // A parameter of the stack would be asked for with each deployment, and clash with another manager's.
    for (const [name, parameter] of Object.entries<any>(content.Parameters)) {
      if (!(name in parameters) && 'Default' in parameter) {
        parameters[name] = parameter.Default;
      }
    }
    return parameters;
  }

  private resource(id: string): CfnResource {
    return this.template.getResource(id);
  }

  private attribute(id: string, attribute: string): string {
    return this.resource(id).getAtt(attribute).toString();
  }

  private machinesOf(content: any): { [migration: string]: string } {
    const machines: { [migration: string]: { Ref: string } } = content.Resources.Migrations.Properties.Machines;
    return Object.fromEntries(Object.entries(machines).map(([migration, { Ref }]) => [migration, this.resource(Ref).ref]));
  }
}
