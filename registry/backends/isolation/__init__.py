"""What a process asks of the Linux kernel to confine itself: limits, Landlock, seccomp. Standard library only."""
