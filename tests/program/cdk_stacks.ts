// Synthesises the stacks that tests/program/cdk_test.py asks for and prints their templates, as JSON: for each line
// [DIRECTORY, STACK, PROGRAM] of standard input.
import { App, aws_dynamodb as dynamodb, aws_kms as kms, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { MigrationsManager } from 'dynamigrate-cdk';
import { answerLines } from './asked.mjs';

function synthesise(directory: string, wanted: string, program: string) {
  process.env.DYNAMIGRATE_PROGRAM = program;
  const stack = new Stack(new App(), 'Stack', { env: { region: 'eu-central-1', account: '123456789012' } });
  if (wanted === 'plain') {
    new MigrationsManager(stack, 'MigrationsManager', { migrationsDir: directory });
  } else if (wanted === 'too-long') {
    new MigrationsManager(stack, 'MigrationsManager', { migrationsDir: directory, totalMigrationsTimeout: Duration.hours(2) });
  } else if (wanted === 'unknown-table') {
    new MigrationsManager(stack, 'MigrationsManager', { migrationsDir: directory, tables: { nothing: 'x' } });
  } else if (wanted === 'twice') {
    new MigrationsManager(stack, 'One', { migrationsDir: directory, tableName: 'one' });
    new MigrationsManager(stack, 'Two', { migrationsDir: directory, tableName: 'two', useExistingHistoryTable: true });
  } else {
    const table = new dynamodb.Table(stack, 'App', { partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING } });
    const key = new kms.Key(stack, 'Key');
    const migrations = new MigrationsManager(stack, 'MigrationsManager', {
      migrationsDir: directory, tableName: 'history', tables: { app: table, orders: 'orders-prod' },
      totalMigrationsTimeout: Duration.minutes(40), onTimeout: 'detach', onRollback: 'down',
      maxRcu: 100, maxWcu: '40%', concurrency: 64, memorySize: 512, logRetentionDays: 7,
    });
    key.grantDecrypt(migrations);
    migrations.historyTable.grantReadData(migrations);
  }
  return Template.fromStack(stack).toJSON();
}

void answerLines(synthesise);
