"""The errors of the index: each message says what happened, with the value, and what to do next."""


class UserError(Exception):
    """An error whose message is written for the person who can act on it; faces show it as it is."""


class CorpusError(UserError):
    """A document or the corpus folder cannot be used as it stands."""


class ModelError(UserError):
    """The embedding model is missing, altered or not usable."""


class IndexUnusableError(UserError):
    """The built index is missing, altered, or was built by something else than what is configured."""


class NewerIndexError(IndexUnusableError):
    """The built index has a format that only a newer version of the program knows."""


class IndexUnreachableError(IndexUnusableError):
    """The index lies on a server that does not answer at this moment; the same may succeed later."""


class BuildLockedError(IndexUnusableError):
    """Another process is building the index."""


class EmptyQuestionError(UserError):
    """A question holds no letter and no digit, so there is nothing to search for."""


class NoDocumentError(UserError):
    """No document of the index meets the filters, so there is nothing to search in."""
