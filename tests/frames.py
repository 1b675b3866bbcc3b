"""A front end of bare frames, for what Jupyter's own client would never send."""

from jupyter_client.session import DELIM, Session


class Frames:
    """One of the kernel's channels, and the key with which messages are signed."""

    def __init__(self, kernel, channel="shell"):
        self.wire = Session(key=kernel.manager.session.key)
        self.socket = getattr(kernel.manager, f"connect_{channel}")()

    def message(self, kind, content=None):
        """A good message: its delimiter, signature, header, parent, metadata and content."""
        return self.wire.serialize(self.wire.msg(kind, content or {}))

    def execute(self, code, **options):
        return self.message("execute_request", {"code": code, **options})

    def signed(self, *parts):
        return [DELIM, self.wire.sign(list(parts)), *parts]

    def send(self, frames):
        self.socket.send_multipart(frames)

    def id(self, frames):
        return self.wire.unpack(frames[2])["msg_id"]

    def reply(self, timeout=30):
        """The next message that comes, or None."""
        if not self.socket.poll(timeout * 1000):
            return None
        _, parts = self.wire.feed_identities(self.socket.recv_multipart())
        return self.wire.deserialize(parts)

    def is_answered(self, frames):
        """Sends a good message: the first thing that comes has to be its answer."""
        self.send(frames)
        reply = self.reply()
        return reply is not None and reply["parent_header"]["msg_id"] == self.id(frames)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close(linger=0)


def published(kernel, request):
    """What all front ends see, up to the idle of this request."""
    messages = []
    while True:
        message = kernel.client.get_iopub_msg(timeout=60)
        messages.append(message)
        idle = message["content"].get("execution_state") == "idle"
        if idle and message["parent_header"].get("msg_id") == request:
            return messages
