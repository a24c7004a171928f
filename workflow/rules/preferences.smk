# A copy of the run's preferences beside its artifacts. It is made anew if a text, a name or a dimension of theirs
# changes, but not if others are added to preferences.yaml: the parameters decide, not that file's age.
rule take_preferences:
    input:
        preferences=ancient(ALL_PREFERENCES),
    output:
        preferences=PREFERENCES,
    conda:
        "../../envs/train.yaml"
    params:
        **stage("take_preferences"),
        settings=settings(
            # in their order, in which experts and controllers know them
            dimensions=list(preferences.dimensions.items()),
            names=preferences.names,
            texts=preferences.texts,
            length_dimensions=preferences.length_dimensions,
        ),
    shell:
        "python {params.script:q} --settings {params.settings:q} --out {output.preferences:q} > {log:q} 2>&1"
