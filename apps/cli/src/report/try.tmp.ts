import { exampleReport } from './fixtures/example-report.js';
import { writeReport } from './index.js';

await writeReport('/tmp/report-try/report.html', exampleReport());
