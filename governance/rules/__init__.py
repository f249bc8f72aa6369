"""What is judged, as pure functions of documents: an auditor replays them without the service."""
