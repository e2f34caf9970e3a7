import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { MigrationsManager } from 'dynamigrate-cdk';
import * as path from 'node:path';

const app = new App();
const stack = new Stack(app, 'Visitors');

const table = new dynamodb.Table(stack, 'Visitors', {
  partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
  billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
  pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
  removalPolicy: RemovalPolicy.RETAIN,
});

new MigrationsManager(stack, 'MigrationsManager', {
  migrationsDir: path.join(__dirname, 'migrations'),
  tableName: 'visitors-migrations',
  tables: { visitors: table },
  totalMigrationsTimeout: Duration.minutes(30),
  maxWcu: '50%',
});

app.synth();
