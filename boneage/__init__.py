__version__ = "0.1.0"

def __getattr__(name):
    "`assess` and `BoneAgeAssessment` are imported when first asked for, so that `import boneage` stays quick."
    if name in ('assess', 'BoneAgeAssessment'):
        from boneage import assessment
        return getattr(assessment, name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
