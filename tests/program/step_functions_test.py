"""The emulator of Step Functions that other tests build upon behaves as they need it."""

import json
import threading
import unittest

import boto3
import botocore.config
import botocore.exceptions
from lambda_runtime import HostedFunction, LambdaService
from step_functions import StepFunctions


def task(payload, **more):
    return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": 20,
            "Parameters": {"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:echo:3",
                           "Payload": payload}} | more


class StepFunctionsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = LambdaService(HostedFunction("echo", lambda body: cls.current.answer(body)))
        cls.states = StepFunctions(cls.service, wait=10, retry=10)

    @classmethod
    def tearDownClass(cls):
        cls.states.close()
        cls.service.close()

    def setUp(self):
        type(self).current = self
        self.events = []
        self.answers = []
        self.gate = threading.Event()
        self.gate.set()

    def started(self, **options):
        states = StepFunctions(self.service, wait=10, retry=10, **options)
        self.addCleanup(states.close)
        return states

    def answer(self, body):
        self.events.append(json.loads(body))
        self.gate.wait(60)
        if self.answers:
            error = self.answers.pop(0)
            return json.dumps(error).encode(), "Unhandled"
        return json.dumps({"echo": json.loads(body)}).encode(), None

    def test_executes_tasks_inside_of_maps_with_the_execution(self):
        machine = self.states.create("count", {"StartAt": "A", "States": {
            "A": {"Type": "Wait", "Seconds": 1000, "Next": "B"},
            "B": {"Type": "Map", "ItemsPath": "$.items", "End": True, "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "C", "States": {"C": task(
                    {"item.$": "$", "arn.$": "$$.Execution.Id"},
                    OutputPath="$.Payload.echo.item", End=True)}}}}})
        arn = self.states.start(machine, {"items": [1, 2]}, name="x")
        ended = self.states.wait(arn)
        self.assertEqual(ended["status"], "SUCCEEDED")
        self.assertEqual(json.loads(ended["output"]), [1, 2])
        self.assertEqual({event["arn"] for event in self.events}, {arn})

    def test_an_error_of_the_function_is_retried_or_caught_by_its_type(self):
        self.answers = [{"errorType": "throttled", "errorMessage": "slow"}, {"errorType": "wrong", "errorMessage": "no"}]
        machine = self.states.create("fail", {"StartAt": "A", "States": {
            "A": task({}, Retry=[{"ErrorEquals": ["throttled"], "IntervalSeconds": 1000}], End=True)}})
        ended = self.states.run(machine)
        self.assertEqual((ended["status"], ended["error"]), ("FAILED", "wrong"))
        self.assertEqual(json.loads(ended["cause"])["errorMessage"], "no")
        self.assertEqual(len(self.events), 2)

    def test_an_execution_is_started_once_by_its_name(self):
        self.gate.clear()
        machine = self.states.create("once", {"StartAt": "A", "States": {"A": task({}, End=True)}})
        arn = self.states.start(machine, name="x")
        self.assertEqual(self.states.start(machine, name="x"), arn)
        with self.assertRaises(self.states.client.exceptions.ExecutionAlreadyExists):
            self.states.start(machine, {"other": 1}, name="x")
        self.gate.set()
        self.states.wait(arn)
        with self.assertRaises(self.states.client.exceptions.ExecutionAlreadyExists):
            self.states.start(machine, name="x")
        self.assertEqual(len(self.events), 1)
        with self.assertRaises(self.states.client.exceptions.StateMachineDoesNotExist):
            self.states.start(machine + "s")
        with self.assertRaises(self.states.client.exceptions.ExecutionDoesNotExist):
            self.states.describe(arn + "x")

    def test_a_stopped_execution_goes_no_further_and_the_rule_tells_the_function(self):
        states = self.started(rule="arn:aws:lambda:us-east-1:123456789012:function:echo")
        machine = states.create("stop", {"StartAt": "A", "States": {
            "A": task({"step": 1}, Next="B"), "B": task({"step": 2}, End=True)}})
        self.gate.clear()
        arn = states.start(machine)
        while not self.events:
            pass
        states.stop(arn, cause="why not")
        self.gate.set()
        self.assertEqual(states.wait(arn)["status"], "ABORTED")
        told = states.told(arn)["echo"]
        self.assertEqual(told["detail-type"], "Step Functions Execution Status Change")
        self.assertEqual((told["detail"]["executionArn"], told["detail"]["status"]), (arn, "ABORTED"))
        self.assertNotIn({"step": 2}, self.events)

    def test_an_execution_ends_when_its_time_is_up(self):
        self.gate.clear()
        machine = self.states.create("late", {"TimeoutSeconds": 1, "StartAt": "A", "States": {"A": task({}, End=True)}})
        self.assertEqual(self.states.run(machine)["status"], "TIMED_OUT")
        self.gate.set()

    def distributed(self, states, items, tolerated, **more):
        """A map whose children fail for good where the item says so; its failure is caught."""
        machine = states.create("map", {"StartAt": "A", "States": {
            "A": {"Type": "Map", "ItemsPath": "$.items", "ResultPath": None, "Next": "B", "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "C", "States": {
                    "C": task({"item.$": "$"}, OutputPath="$.Payload.echo.item", Next="D"),
                    "D": {"Type": "Choice", "Choices": [{"Variable": "$", "StringEquals": "bad", "Next": "E"}],
                          "Default": "F"},
                    "E": {"Type": "Fail", "Error": "wrong", "Cause": "it is bad"},
                    "F": {"Type": "Succeed"}}},
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "G"}]}
            | ({} if tolerated is None else {"ToleratedFailurePercentage": tolerated}) | more,
            "B": {"Type": "Pass", "End": True},
            "G": {"Type": "Fail", "ErrorPath": "$.error.Error", "CausePath": "$.error.Cause"}}})
        return states.run(machine, {"items": items})

    def test_a_distributed_map_tolerates_a_share_of_failures_and_works_all_others(self):
        items = ["bad", "a", "b", "bad", "c", "d", "e", "f"]
        ended = self.distributed(self.states, items, 25, MaxConcurrency=1)
        self.assertEqual(ended["status"], "SUCCEEDED")
        self.assertEqual(json.loads(ended["output"]), {"items": items})
        self.assertEqual([event["item"] for event in self.events], items)

    def test_a_distributed_map_fails_when_more_fail_and_begins_no_other(self):
        for tolerated, begun in ((24, 3), (12, 1), (0, 1), (None, 1)):
            with self.subTest(tolerated=tolerated):
                self.events.clear()
                items = ["bad", "a", "bad", "b", "c", "d", "e", "f"]
                ended = self.distributed(self.states, items, tolerated, MaxConcurrency=1)
                self.assertEqual((ended["status"], ended["error"]),
                                 ("FAILED", "States.ExceedToleratedFailureThreshold"))
                self.assertEqual([event["item"] for event in self.events], items[:begun])

    def test_each_run_of_a_distributed_map_counts_anew(self):
        for items in (["bad", "a"], ["a", "bad", "b"]):
            self.assertEqual(self.distributed(self.states, items, 50)["status"], "SUCCEEDED")
        ended = self.distributed(self.states, ["bad", "a", "bad"], 50)
        self.assertEqual(ended["error"], "States.ExceedToleratedFailureThreshold")

    def test_what_is_not_emulated_of_a_distributed_map_is_refused(self):
        for more in ({"ToleratedFailureCount": 1}, {"ResultPath": "$.results"}):
            with self.assertRaisesRegex(botocore.exceptions.ClientError, "not emulated"):
                self.distributed(self.states, ["a"], 50, **more)

    def test_throttles_as_often_as_asked(self):
        states = self.started(throttled=100)
        states.client = boto3.client(
            "stepfunctions", endpoint_url=states.endpoint, region_name="us-east-1",
            aws_access_key_id="local", aws_secret_access_key="local",
            config=botocore.config.Config(retries={"max_attempts": 0}))
        machine = states.create("slow", {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
        with self.assertRaisesRegex(botocore.exceptions.ClientError, "Throttling"):
            states.start(machine)


if __name__ == "__main__":
    unittest.main()
