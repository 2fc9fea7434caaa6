"""What breaks, in which order."""

from rig import (
    faults_chain,
    faults_clock,
    faults_database,
    faults_failover,
    faults_processes,
    faults_servers,
    faults_upgrade,
)


def full():
    """Everything."""
    return [
        *faults_processes.FAULTS,
        faults_processes.ROLLING,
        *faults_database.FAULTS,
        *faults_servers.FAULTS,
        *faults_chain.FAULTS,
        faults_clock.FAULT,
        faults_failover.STANDBY_AWAY,
        faults_failover.THERE,
        faults_failover.REBUILD,
        faults_failover.BACK,
        faults_failover.REBUILD_AGAIN,
        faults_servers.DISK_FULL,
        faults_upgrade.FAULT,
    ]


def short():
    """What CI has the time for."""
    return [fault for fault in full() if fault.short]
