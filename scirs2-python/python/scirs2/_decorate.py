"""Functions that always run in a context, for `num_threads` as a decorator.

A context of one thread must not be active while a generator or a coroutine waits: whatever
runs meanwhile in this thread is not its own. So it is entered for each step and left after it.
"""

import functools
import inspect
import types
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from typing import Any, TypeAlias

_Context: TypeAlias = AbstractContextManager[Any, Any]
_Function: TypeAlias = Callable[..., Any]


def decorated(context: _Context, function: _Function) -> _Function:
    """Return a function that does the same in the context, entered anew for each call."""
    if not callable(function) or isinstance(function, type):
        raise TypeError(
            f"{context!r} decorates functions, not {function!r}; for a class decorate its "
            "methods, below @classmethod or @property"
        )
    if inspect.isasyncgenfunction(function):
        wrap = _of_async_generator
    elif inspect.isgeneratorfunction(function):
        wrap = _of_generator
    elif inspect.iscoroutinefunction(function):
        wrap = _of_coroutine
    else:
        wrap = _of_function
    return functools.wraps(function)(wrap(context, function))


def _of_function(context: _Context, function: _Function) -> _Function:
    def call(*args: Any, **kwargs: Any) -> Any:
        with context:
            return function(*args, **kwargs)

    return call


def _of_generator(context: _Context, function: _Function) -> _Function:
    def call(*args: Any, **kwargs: Any) -> Any:
        return (yield from _steps(context, function(*args, **kwargs)))

    return call


def _of_coroutine(context: _Context, function: _Function) -> _Function:
    async def call(*args: Any, **kwargs: Any) -> Any:
        return await _awaited(context, function(*args, **kwargs))

    return call


def _of_async_generator(context: _Context, function: _Function) -> _Function:
    async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        generator = function(*args, **kwargs)
        step: _Function = generator.asend
        argument: Any = None
        while True:
            try:
                # Each step may wait.
                result = await _awaited(context, step(argument))
            except StopAsyncIteration:
                return
            finally:
                # The traceback of an error holds this frame.
                argument = None
            try:
                step, argument = generator.asend, (yield result)
            except GeneratorExit:
                await _awaited(context, generator.aclose())
                raise
            except BaseException as error:  # noqa: BLE001 - goes on to the function
                step, argument = generator.athrow, error

    return call


def _steps(context: _Context, generator: Any) -> Generator[Any, Any, Any]:
    """Run a generator, or what `await` runs, step by step."""
    step: _Function = generator.send
    argument: Any = None
    while True:
        with context:
            try:
                result = step(argument)
            except StopIteration as stop:
                return stop.value
            finally:
                # The traceback of an error holds this frame.
                argument = None
        try:
            step, argument = generator.send, (yield result)
        except GeneratorExit:
            with context:
                generator.close()
            raise
        except BaseException as error:  # noqa: BLE001 - goes on to the function
            step, argument = generator.throw, error


_awaited = types.coroutine(_steps)
