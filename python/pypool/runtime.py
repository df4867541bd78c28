"""The life of a worker: handshake, import, serve, stop."""

from __future__ import annotations

import os
import signal
import sys
import threading

from . import lifecycle
from .context import Worker, become_worker, current_worker, running_call
from .control import ControlSender, ControlThread
from .deferred import COROUTINE
from .engine import make_engine, suggestion
from .errors import FrameTooLarge, ProtocolError
from .frame import FrameLimits, FrameType
from .frame_channels import CONTROL_FROM_NODE
from .frame_reader import FrameReader
from .hooks import arguments_for, run_before_fork_hooks, start_hooks, stop_hooks
from .inputs import Inputs
from .load import Source, find_functions, load_modules, prepare_path
from .log_capture import capture_logs
from .log_outbox import LogOutbox
from .message_parse import parse_welcome
from .message_version import PROTOCOL_RANGE, negotiate
from .messages import event_message, function_entry, hello_message, ready_message
from .output import Output
from .replies import Replies
from .shared_memory import SharedMemory, can_share_memory
from .streams import Streams
from .user_code import UserCode
from .value import ValueCodec
from .version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, NoReturn

    from .engine import Engine
    from .expose import Exposed
    from .frame import Channel
    from .messages import Welcome
    from .preloaded import Preloaded

__all__ = ["Runtime"]

_START_FAILED_EXIT_CODE = 1
_SHARING = ("shared-memory",) if can_share_memory() else ()


class Runtime:
    """One worker, from its first frame to its exit.

    Args:
        requests: The channel that brings calls.
        replies: The channel that takes their ends.
        control: The channel for everything else, both ways.
        parent_pid: What ``getppid()`` said when this process began.
        preloaded: Modules that were imported before it did, where they were.
    """

    def __init__(
        self,
        requests: Channel,
        replies: Channel,
        control: Channel,
        parent_pid: int,
        preloaded: Preloaded | None = None,
    ) -> None:
        self._parent_pid = parent_pid
        self._main = threading.get_ident()
        self._sockets = [requests, replies, control]
        self._limits = FrameLimits()  # of all three channels; WELCOME fills in what holds
        codec = ValueCodec()
        self._preloaded = preloaded
        self._output = Output() if preloaded is None else preloaded.output
        self._replies = Replies(replies, codec, self._limits, self._output)
        self._control = FrameReader(control, CONTROL_FROM_NODE, self._limits)
        self._sender = ControlSender(control, codec, self._limits)
        self._memory = self._replies.memory = SharedMemory(self._sender)
        self._inputs = self._replies.inputs = Inputs(self._sender)
        self._logs = LogOutbox(self._sender)
        self._user_code = UserCode()
        self._streams = Streams()
        self._engine: Engine | None = None

    def run(self) -> NoReturn:
        """Serve until Node ends the requests channel; then end this process."""
        lifecycle.lead_process_group()
        if self._preloaded is None:
            self._output.open()
        lifecycle.write_stacks_on_signal()
        lifecycle.watch_forks(self._disarm)
        signal.signal(signal.SIGINT, self._user_code.on_interrupt)
        threading.excepthook = _reporter(self._sender, threading.excepthook)
        try:
            welcome = self._shake_hands()
            engine, advice = self._start(welcome)
            if advice:
                self._sender.send(FrameType.EVENT, event_message("suggestion", message="; ".join(advice)))
            engine.serve()
        except (ProtocolError, FrameTooLarge) as error:
            lifecycle.die_of_protocol(str(error))
        except OSError as error:
            if self._replies.disarmed:
                lifecycle.leave_child(None)
            if error.errno is None:
                raise  # no channel says so, but a signal's handler of the user's: TimeoutError, as a rule
            lifecycle.kill_process_group()  # a channel is gone, and Node with it
        self._stop(engine)
        lifecycle.finish(0, self._send_rest)

    def _shake_hands(self) -> Welcome:
        python = "{}.{}.{}".format(*sys.version_info[:3])
        hello = hello_message(
            runtime=VERSION,
            python=python,
            implementation=sys.implementation.name,
            pid=os.getpid(),
            capabilities=["stream", "interrupt", "dump", "revoke", "input", *_SHARING],
        )
        self._sender.send(FrameType.HELLO, hello)
        frame = self._control.read()
        if frame is None:
            lowest, highest = PROTOCOL_RANGE
            raise ProtocolError(
                f"Node refused the handshake: runtime {VERSION} speaks wire versions {lowest} to {highest}"
            )
        if frame.type != FrameType.WELCOME:
            raise ProtocolError(f"Node answered HELLO with a frame of type {frame.type}")
        welcome = parse_welcome(frame)
        negotiate(PROTOCOL_RANGE, (welcome["protocol"], welcome["protocol"]))
        return welcome

    def _start(self, welcome: Welcome) -> tuple[Engine, list[str]]:
        """Import, and send READY. Returns advice for whoever chose the options."""
        limits = welcome["limits"]
        self._limits.max_frame_bytes = limits["maxFrameBytes"]
        self._limits.max_buffer_bytes = limits["maxBufferBytes"]
        self._replies.codec = self._sender.codec = ValueCodec(welcome["integers"], welcome["unencodable"])
        engine, self._loop = make_engine(
            welcome, self._sockets[0], self._replies, self._streams, self._limits, self._user_code
        )
        self._engine = engine
        self._output.runs = engine.runs
        worker = Worker(welcome["workerId"], welcome["slot"], welcome["pool"])
        become_worker(worker)
        if welcome["outputToken"] is not None:
            self._output.mark_with(welcome["outputToken"])
        if welcome["logLevel"] is not None:
            capture_logs(self._logs, welcome["logLevel"])
        # Before the import, which may take minutes: Node's death and its pings are noticed all the while.
        on_start = self._arm_parent_death if welcome["parentDeathSignal"] else _do_nothing
        ControlThread(
            self._control,
            self._sender,
            self._streams,
            self._memory,
            self._inputs,
            engine.interrupts,
            engine.revocations,
            lambda: engine.running,
            self._describe,
            on_start,
        ).start()
        try:
            if welcome["rlimits"]:  # by now the thread that hears Node is there, whatever the limits are
                from .rlimits import set_rlimits

                set_rlimits(welcome["rlimits"])
            engine.functions = self._user_code.run(_import, (welcome, self._preloaded))
            for hook in start_hooks:
                self._run_hook(hook, worker)
            if self._replies.disarmed:  # a child that user code forked, and that comes back
                lifecycle.leave_child(None)
            advice = [suggestion(welcome, engine.functions), self._send_ready(engine.functions, welcome)]
        except BaseException as error:
            self._fail_start(error)
        return engine, [each for each in advice if each is not None]

    def _send_ready(self, functions: Mapping[str, Exposed], welcome: Welcome) -> str | None:
        """Send READY; with advice where it cannot say all that Node has asked for."""
        told = {}
        if welcome.get("signatures"):
            from .signatures import signature_entry

            told = {name: signature_entry(exposed) for name, exposed in functions.items()}
        try:
            self._sender.send(FrameType.READY, _ready(functions, told))
            return None
        except FrameTooLarge as error:  # nothing was written; it can serve all the same
            self._sender.send(FrameType.READY, _ready(functions, {}))
            too_large = f"are {error.size} bytes, and limits.maxFrameBytes is {error.limit}"
            return f"what functions want and give is not told: with it, all their facts {too_large}"

    def _fail_start(self, error: BaseException) -> NoReturn:
        if self._replies.disarmed:
            lifecycle.leave_child(error)
        if isinstance(error, SystemExit):
            exited = RuntimeError(f"sys.exit({error.code!r}) was called while the worker started")
            exited.__cause__ = error
            error = exited
        self._sender.send_failure(FrameType.START_FAILED, error)
        lifecycle.finish(_START_FAILED_EXIT_CODE, self._send_rest)

    def _stop(self, engine: Engine) -> None:
        running_call.set(None)
        worker = current_worker()
        for hook in reversed(stop_hooks):
            try:
                self._run_hook(hook, worker)
            except BaseException as error:  # the other hooks have something to close, too
                lifecycle.print_exception(error)
        try:
            engine.close()
        except BaseException as error:
            lifecycle.print_exception(error)

    def _run_hook(self, hook: Callable[..., Any], worker: Worker) -> None:
        result = self._user_code.run(hook, arguments_for(hook, worker))
        if type(result) is COROUTINE:
            self._user_code.run(self._loop.run, (result,))

    def _describe(self, n: int, max_frames: int) -> dict[str, Any]:
        """Answer a DUMP."""
        from .dump import describe_process

        places = [] if self._engine is None else self._engine.places()
        return describe_process(n, places, self._main, self._loop.loop, max_frames)

    def _arm_parent_death(self) -> None:
        lifecycle.arm_parent_death_signal(self._parent_pid)

    def _send_rest(self) -> None:
        self._output.flush()
        self._logs.flush()

    def _disarm(self) -> None:
        """In a forked child: hold no channel open, write no frame, be interrupted as Python is."""
        for sock in self._sockets:
            sock.close()
        self._replies.disarmed = True
        self._sender.disarm()
        self._logs.close()
        self._streams.disarm()
        self._memory.disarm()
        lifecycle.stop_writing_stacks()
        self._user_code.entered = True
        if self._engine is not None:
            self._engine.disarm()


def _import(welcome: Welcome, preloaded: Preloaded | None) -> dict[str, Exposed]:
    sources = [
        Source(module["prefix"], module["source"], module["kind"] == "path") for module in welcome["modules"]
    ]
    modules = None if preloaded is None else preloaded.take(sources)
    if modules is None:
        prepare_path(sources, os.path.dirname(os.path.dirname(__file__)))
        modules = load_modules(sources)
    run_before_fork_hooks()  # where a fork server has, none is left
    return find_functions(modules, welcome["expose"])


def _ready(functions: Mapping[str, Exposed], signatures: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    return ready_message(
        [
            function_entry(
                name,
                stream=exposed.stream,
                is_async=exposed.asynchronous,
                idempotent=exposed.idempotent,
                timeout_seconds=exposed.timeout_seconds,
                concurrency=exposed.concurrency,
                cancel=exposed.cancel,
                signature=signatures.get(name),
            )
            for name, exposed in functions.items()
        ]
    )


def _reporter(sender: ControlSender, print_it: Callable[[Any], object]) -> Callable[[Any], None]:
    """A ``threading.excepthook`` that tells Node, too."""

    def report(failed: Any) -> None:
        if failed.exc_type is not SystemExit and failed.exc_value is not None:
            try:
                sender.send_failure(FrameType.EVENT, failed.exc_value, _thread_exception)
            except OSError:
                pass  # Node is gone, or this is a forked child: what is printed has to do
        print_it(failed)

    return report


def _thread_exception(error: dict[str, Any]) -> dict[str, Any]:
    return event_message("thread-exception", error=error)


def _do_nothing() -> None:
    pass
