"""The PostgreSQL role of the application. `store/grants` lists its rights."""

APPLICATION_ROLE = "sgate_app"
"""sGate's processes log in with this role of the cluster, or with a member of it. It may read and write rows, but not
rewrite history. The role that owns the schema runs the migrations.
"""
