__version__ = "0.1.0"

__all__ = ['assess', 'explain', 'BoneAgeAssessment']

_ROOMS = {'assess': 'assessment', 'explain': 'assessment', 'BoneAgeAssessment': 'system'}

def __getattr__(name):
    "What the package offers is imported when first asked for, so that `import boneage` stays quick."
    if name in _ROOMS:
        from importlib import import_module
        return getattr(import_module(f'boneage.{_ROOMS[name]}'), name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')

def __dir__(): return sorted([*globals(), *_ROOMS])
