"""Opens devices: memory, disks, the terminal, and ones that it makes itself.

family: escape
reach: files
classes: wrong-answer, sandbox-violation
held by: landlock, mount
"""

import glob
import os
import stat

NAMES = ("mem", "kmem", "port", "kmsg", "tty", "console", "ptmx", "fuse", "kvm", "net/tun", "vda", "sda", "nvme0n1", "loop-control")


def add(a, b):
    reached = []
    for path in [f"/dev/{name}" for name in NAMES] + glob.glob("/dev/tty[0-9]")[:2] + glob.glob("/dev/pts/[0-9]*")[:2]:
        for how in (os.O_RDONLY, os.O_WRONLY):
            try:
                os.close(os.open(path, how | os.O_NONBLOCK | os.O_NOCTTY))
                reached.append("opened " + path)
                break
            except OSError:
                continue
    for kind, device in ((stat.S_IFBLK, os.makedev(254, 0)), (stat.S_IFBLK, os.makedev(8, 0)), (stat.S_IFCHR, os.makedev(1, 1))):
        try:
            os.mknod("device", kind | 0o600, device)
            os.close(os.open("device", os.O_RDONLY | os.O_NONBLOCK))
            reached.append("made and opened a device")
        except OSError:
            continue
    return reached
