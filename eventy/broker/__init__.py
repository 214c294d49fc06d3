"""The brokers: the in-process one, and how to reach Kafka."""
