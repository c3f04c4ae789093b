"""How the ONNX graphs of rankers are opened. Knows no ranker."""

import onnxruntime


def opened(graph: bytes) -> onnxruntime.InferenceSession:
    """A session on one thread, which keeps no memory between two runs; safe to share between threads.

    Of slates an arena makes no difference in time, and holds the most that any of them took.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
