"""What lies where under METIER_HOME. Knows no environment variable and no file format."""

from pathlib import Path


class Folders:
    """The folders of a home."""

    home: Path

    @property
    def features(self) -> Path:
        """Offline feature tables, a folder a feature view, in it a Parquet file a day."""
        return self.home / "features"

    @property
    def artifacts(self) -> Path:
        """Files of registered bundles, as MLflow keeps them."""
        return self.home / "mlflow"

    @property
    def bundles(self) -> Path:
        """Registered bundles as they lie on this machine's disk, one folder a version."""
        return self.home / "bundles"

    @property
    def deployed(self) -> Path:
        """Which bundle serves on each surface, and which ones did before: `metier deploy`, `metier rollback`."""
        return self.home / "deployed"

    @property
    def candidates(self) -> Path:
        """Candidate releases: per surface, the index and the snapshot that replicas serve from."""
        return self.home / "candidates"

    @property
    def events(self) -> Path:
        """Event log of the endpoint, until `metier import events` has brought it to the lake."""
        return self.home / "events"

    @property
    def conversations(self) -> Path:
        """Conversations with the assistant, a file each; with METIER_ONLINE_STORE_URL they are kept there."""
        return self.home / "conversations"

    @property
    def changes(self) -> Path:
        """Change log of new versions in files; with METIER_CHANGES_URL, what was imported of the stream there."""
        return self.home / "changes"

    @property
    def replicas(self) -> Path:
        """Files of running replicas, a folder each, which goes when its replica ends, and the figures of each."""
        return self.home / "replicas"

    @property
    def logs(self) -> Path:
        """Lines of replicas for requests of note, a file each, kept for two weeks."""
        return self.home / "logs"

    @property
    def truth(self) -> Path:
        """Latent truth of a simulated world; only components.evaluation reads it."""
        return self.home / "truth"

    @property
    def taxonomy(self) -> Path:
        """Skills of one's own, where `metier import taxonomy` brought some."""
        return self.home / "taxonomy"

    @property
    def judgements(self) -> Path:
        """People's judgements of relevance, and how far the judge was found to agree with known grades."""
        return self.home / "judgements"

    @property
    def models(self) -> Path:
        """Exported encoders."""
        return self.home / "models"

    @property
    def reports(self) -> Path:
        """Reports for people: HTML with the JSON beside it."""
        return self.home / "reports"

    @property
    def pipelines(self) -> Path:
        """Artifacts and cache of local pipeline runs."""
        return self.home / "pipelines"
