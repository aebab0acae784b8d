import * as rds from 'aws-cdk-lib/aws-rds';
import { Instance } from './model';
new rds.DatabaseInstance(this, 'x', {});
new Instance('a', {});
