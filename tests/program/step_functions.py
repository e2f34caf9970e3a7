"""Step Functions on this machine: state machines whose tasks invoke the functions of a LambdaService."""

import http.client
import json
import pathlib
import subprocess
import time

import boto3
import botocore.config
import harness

SERVER = str(pathlib.Path(__file__).parent / "step_functions.mjs")


class StepFunctions:
    """`options`: step_functions.mjs says which. `client` is a real one."""

    def __init__(self, service, **options):
        self.process = subprocess.Popen(
            ["node", SERVER, harness.node_modules("state-machine"), service.endpoint, json.dumps(options)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self._port = json.loads(self.process.stdout.readline())["port"]
        self.endpoint = f"http://127.0.0.1:{self._port}"
        self.client = boto3.client(
            "stepfunctions", endpoint_url=self.endpoint, region_name="us-east-1",
            aws_access_key_id="local", aws_secret_access_key="local",
            config=botocore.config.Config(retries={"max_attempts": 10}))

    def create(self, name, definition):
        """The ARN of a machine with this definition (JSON text or an object)."""
        text = definition if isinstance(definition, str) else json.dumps(definition)
        return self.client.create_state_machine(
            name=name, definition=text, roleArn="arn:aws:iam::123456789012:role/states")["stateMachineArn"]

    def start(self, machine, given=None, name=None):
        """The execution's ARN."""
        names = {"name": name} if name else {}
        return self.client.start_execution(
            stateMachineArn=machine, input=json.dumps(given or {}), **names)["executionArn"]

    def stop(self, execution, error="stopped", cause="by the test"):
        self.client.stop_execution(executionArn=execution, error=error, cause=cause)

    def describe(self, execution):
        return self.client.describe_execution(executionArn=execution)

    def wait(self, execution, seconds=300):
        """How the execution ended."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.describe(execution)
            if found["status"] != "RUNNING":
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"{execution} still runs")
            time.sleep(0.05)

    def run(self, machine, given=None, seconds=300):
        return self.wait(self.start(machine, given), seconds)

    def executions(self, machine):
        """The newest first."""
        return self.client.list_executions(stateMachineArn=machine)["executions"]

    def refuse(self, operation, error):
        """The operation fails so from now on; None: no more."""
        self._call("Refuse", {"operation": operation, "error": error})

    def told(self, execution, seconds=60):
        """What the rule's function answered about the execution."""
        deadline = time.monotonic() + seconds
        while True:
            told = self._call("Told", {"executionArn": execution})["told"]
            if told is not None:
                return told
            if time.monotonic() > deadline:
                raise AssertionError(f"nobody was told of {execution}")
            time.sleep(0.05)

    def _call(self, operation, asked):
        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        connection.request("POST", "/", json.dumps(asked), {
            "x-amz-target": f"AWSStepFunctions.{operation}", "authorization": "/states/aws4_request"})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
