"""Talking to Kafka: the connection, requests and producers that consumers and emitters share."""
