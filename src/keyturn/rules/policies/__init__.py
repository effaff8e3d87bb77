"""What a tenant decides, as people read it: what each policy is, what its values mean, what a
change of it would do to whom, and what nobody decides because it is fixed.

    catalogue   every policy with its words; who may change it
    spelling    its value as it is written in forms, in the audit trail and on a terminal
    counts      how many people a change is about, as the store counts them
    effects     what a change does, in words and numbers
    weaker      which changes weaken security, so that the owners are told
    fixed       what is the same for every tenant, and why
"""
